import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EXIT_FAILED, Failure } from '../failure.ts'
import { startTicks } from './netns.ts'
import type { Screen } from './screen.ts'
import { outerPid } from './user-namespace.ts'

const run = promisify(execFile)

/** Programs the lab calls, and the Debian packages that bring them. */
const NEEDED: readonly (readonly [command: string, packageName: string])[] = [
  ['ip', 'iproute2'],
  ['ping', 'iputils-ping'],
  ['sysctl', 'procps'],
]

/** Installs what is missing, where that is possible. */
export async function prepareMachine(screen: Screen): Promise<void> {
  // People's PATH often lacks the folders where `ip` and `sysctl` are.
  process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
  const packages = NEEDED.filter(([command]) => !isInstalled(command)).map(([, packageName]) => packageName)
  if (packages.length === 0) return
  const names = packages.join(' ')
  if (process.getuid?.() !== 0 || outerPid() !== undefined || !isInstalled('apt-get'))
    throw new Failure(EXIT_FAILED, [`the lab needs ${names}: install the packages, then start it again`])
  await screen.step(`installing ${names}`, async () => {
    await run('apt-get', ['update', '-qq'])
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  })
}

function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command]).status === 0
}

/** The folder of the one running lab; a folder that a killed lab left is taken over, a living lab's is not. */
export function claimRunDir(dir: string): { release(): void } {
  const mark = join(dir, 'lab.json')
  const other = readMark(mark)
  if (other && startTicks(other.pid) === other.startTicks)
    throw new Failure(EXIT_FAILED, [
      `a lab runs already (process ${other.pid}); end it with Ctrl-C or kill ${other.pid}`,
    ])
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(join(dir, 'log'), { recursive: true })
  writeFileSync(mark, JSON.stringify({ pid: process.pid, startTicks: startTicks(process.pid) }))
  return { release: () => rmSync(dir, { recursive: true, force: true }) }
}

function readMark(path: string): { readonly pid: number; readonly startTicks: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { pid: number; startTicks: string }
  } catch {
    return undefined
  }
}
