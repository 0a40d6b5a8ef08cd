// The whole gate, from a bare machine: `npm test`. Plain JavaScript without dependencies, for it starts on any Node and
// before anything is installed. Its last line is `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const NODE = join(ROOT, 'node_modules/node/bin/node')
const POLICY = '/usr/sbin/policy-rc.d'

/** What the system tests call, and the Debian packages that bring it. */
const PROGRAMS = {
  ip: 'iproute2',
  ping: 'iputils-ping',
  nft: 'nftables',
  tshark: 'tshark',
  bird: 'bird2',
  '/usr/lib/frr/bgpd': 'frr',
  gobgpd: 'gobgpd',
  '/usr/sbin/bgpd': 'openbgpd',
  exabgp: 'exabgp',
}

const scratch = mkdtempSync(join(tmpdir(), 'routelet-test-'))
try {
  process.exitCode = main() ? 0 : 1
} catch (error) {
  console.log(`${error.message}\n0 passed, 1 failed, 0 skipped`)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function main() {
  installDependencies()
  installPrograms()
  const env = environment()
  const total = { passed: 0, failed: 0, skipped: 0 }
  const count = (counts) => {
    for (const name of Object.keys(total)) total[name] += counts[name]
  }
  count(command('types', [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], env))
  count(command('lint', [join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'check', '.'], env))
  count(vitest('unit', env))
  count(vitest('fuzz', env))
  count(vitest('system', env))
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  return total.failed === 0
}

function installDependencies() {
  // npm writes this file last, so a broken installation is made anew.
  if (existsSync(join(ROOT, 'node_modules/.package-lock.json'))) return
  title('dependencies: npm ci')
  must('npm', ['ci', '--no-fund', '--no-audit'])
}

/** Daemons are wanted as programs, not as services that take the ports the tests need. */
function installPrograms() {
  const missing = Object.entries(PROGRAMS)
    .filter(([program]) => !isInstalled(program))
    .map(([, name]) => name)
  if (missing.length === 0) return
  if (process.getuid() !== 0 || !isInstalled('apt-get')) {
    console.log(`not installed, so what needs them is skipped: ${missing.join(' ')}`)
    return
  }
  title(`programs: ${missing.join(' ')}`)
  const forbidStarting = !existsSync(POLICY)
  if (forbidStarting) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  run('apt-get', ['update', '-qq'], env)
  // One at a time: a package that this Debian does not have must not keep the others away.
  for (const name of missing) run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], env)
  if (forbidStarting) rmSync(POLICY)
}

function isInstalled(program) {
  if (program.startsWith('/')) return existsSync(program)
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { env }).status === 0
}

/** The API server and the recorded messages are used where they stand beside the checkout. */
function environment() {
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}:/usr/sbin:/sbin` }
  const shared = join(ROOT, '../shared')
  const unpack = join(shared, 'kube-apiserver/unpack.sh')
  if (!env.KUBEBUILDER_ASSETS && existsSync(unpack)) {
    env.KUBEBUILDER_ASSETS = join(scratch, 'kubebuilder')
    must(unpack, [env.KUBEBUILDER_ASSETS])
  }
  if (!env.ROUTELET_VECTORS && existsSync(join(shared, 'vectors'))) env.ROUTELET_VECTORS = join(shared, 'vectors/')
  return env
}

function command(name, args, env) {
  title(name)
  const ok = run(NODE, args, env)
  return { passed: Number(ok), failed: Number(!ok), skipped: 0 }
}

function vitest(project, env) {
  title(`tests: ${project}`)
  const report = join(scratch, `${project}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const ok = run(NODE, [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, ...reporters], env)
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'))
  // A file that cannot be loaded fails without any failed test in it.
  const failed = ok ? numFailedTests : Math.max(1, numFailedTests)
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests }
}

function title(text) {
  console.log(`\n== ${text}`)
}

function must(file, args) {
  if (!run(file, args, process.env)) throw new Error(`${file} ${args.join(' ')} failed`)
}

function run(file, args, env) {
  return spawnSync(file, args, { cwd: ROOT, env, stdio: 'inherit' }).status === 0
}
