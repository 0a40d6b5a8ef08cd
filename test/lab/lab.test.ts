import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { removeNamespaces } from '../../src/lab/netns.ts'

const ROUTELET = join(import.meta.dirname, '../../bin/routelet')
const TIMEOUT_MS = 180_000

const isRoot = process.getuid?.() === 0
const mayMakeNamespaces = spawnSync('unshare', ['--net', '--mount', 'true']).status === 0
const mayMakeUserNamespaces =
  isRoot && spawnSync('setpriv', [...nobody(), 'unshare', '--user', '--map-root-user', '--net', 'true']).status === 0

function nobody(): string[] {
  return ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all']
}

const started: ChildProcess[] = []
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  if (mayMakeNamespaces) await removeNamespaces('rtl-lab-')
})

/** Runs a command to its end, or until `until` shows in what it prints. */
function run(
  argv: readonly string[],
  until?: RegExp,
): Promise<{ child: ChildProcess; exitCode: number | null; output: string }> {
  const [file = '', ...args] = argv
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' })
  started.push(child)
  let output = ''
  return new Promise((resolve) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString()
      if (until?.test(output)) resolve({ child, exitCode: null, output })
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('close', (exitCode) => resolve({ child, exitCode, output }))
  })
}

function leftBehind(): string[] {
  const namespaces = execFileSync('ip', ['netns', 'list']).toString().split('\n')
  return [
    ...namespaces.filter((name) => name.startsWith('rtl-lab-')),
    ...['/run/routelet-lab'].filter((path) => existsSync(path)),
  ]
}

function expectAllShown(output: string): void {
  expect(output).toMatch(/Sessions of tor.*\n.*\n(.* Established .*\n){3}/)
  expect(output).toMatch(/Sessions of reflector.*\n.*\n(.* Established .*\n){3}/)
  expect(output).toContain('192.0.2.10 via 10.99.1.11, 10.99.2.13')
  expect(output.match(/pod-\d → pod-\d .*: 3 of 3 answered/g)).toHaveLength(6)
  expect(output).toMatch(/Requests from behind.*\n {2}pod-1: \d+ of 60\n {2}pod-3: \d+ of 60\n/)
  expect(output).toMatch(/\d+ of \d+ packets lost, the last of them \d+ ms after the node died/)
  expect(output).toMatch(/Requests without node-1.*\n {2}pod-3: 60 of 60\n/)
  expect(output).toContain('All as it should be.')
}

describe.skipIf(!mayMakeNamespaces)('the lab (skipped where network namespaces may not be made)', () => {
  test('shows everything, says that it is right, and leaves nothing behind', { timeout: TIMEOUT_MS }, async () => {
    const { exitCode, output } = await run([ROUTELET, 'lab', '--once'])
    expectAllShown(output)
    expect(exitCode).toBe(0)
    expect(leftBehind()).toEqual([])
  })

  test('is broken off by a signal, and leaves nothing behind', { timeout: TIMEOUT_MS }, async () => {
    const { child } = await run([ROUTELET, 'lab'], /waiting until sessions/)
    child.kill('SIGINT')
    const exitCode = await new Promise((resolve) => child.on('exit', resolve))
    expect(exitCode).toBe(130)
    expect(leftBehind()).toEqual([])
  })

  test('is not started twice, and cleans up after one that was killed', { timeout: TIMEOUT_MS }, async () => {
    const { child } = await run([ROUTELET, 'lab'], /waiting until sessions/)
    const second = await run([ROUTELET, 'lab', '--once'])
    expect(second.output).toMatch(/a lab runs already \(process \d+\)/)
    expect(second.exitCode).toBe(1)

    child.kill('SIGKILL')
    await new Promise((resolve) => child.on('exit', resolve))
    expect(leftBehind()).not.toEqual([])
    const third = await run([ROUTELET, 'lab', '--once'])
    expect(third.exitCode).toBe(0)
    expect(leftBehind()).toEqual([])
  })
})

describe.skipIf(!mayMakeUserNamespaces)('the lab without root (skipped where user namespaces are not allowed)', () => {
  test('shows the same', { timeout: TIMEOUT_MS }, async () => {
    const { exitCode, output } = await run(['setpriv', ...nobody(), ROUTELET, 'lab', '--once'])
    expectAllShown(output)
    expect(exitCode).toBe(0)
  })
})

describe.each([
  ['bird', '/usr/sbin/bird'],
  ['frr', '/usr/lib/frr/bgpd'],
])('the lab with %s as the router', (tor, program) => {
  test.skipIf(!mayMakeNamespaces || !existsSync(program))(
    `shows the same (skipped where ${program} is not installed)`,
    { timeout: TIMEOUT_MS },
    async () => {
      const { exitCode, output } = await run([ROUTELET, 'lab', '--once', '--tor', tor])
      expect(output).toContain('192.0.2.10 via 10.99.1.11, 10.99.2.13')
      expect(output).toContain('All as it should be.')
      expect(exitCode).toBe(0)
    },
  )
})
