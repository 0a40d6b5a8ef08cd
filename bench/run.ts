import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import net from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Daemon } from './daemons/daemon.ts'
import { usage, watchMemory } from './measure.ts'
import type { LoadCommand, LoadResult, Scenario } from './scenario.ts'

export interface Measured {
  readonly convergenceMs: number
  readonly cpuSeconds: number
  readonly peakMiB: number
  readonly updates: number
  readonly octets: number
  readonly faults: readonly string[]
}

const LISTEN = '10.99.0.1'
const DEADLINE_MS = 180_000

/** One run of one scenario against one daemon, both on processors of their own, in the network namespace we are in. */
export async function runOnce(daemon: Daemon, scenario: Scenario): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'routelet-bench-'))
  const command = [...pin(0), ...daemon.prepare(folder, LISTEN, scenario)]
  const log = openSync(join(folder, 'log'), 'w')
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', log, log] })
  try {
    await listens(child)
    const before = usage(child.pid!)
    const stopWatching = watchMemory(child.pid!)
    const result = await playLoad({ scenario, daemon: LISTEN, port: 179, external: scenario.external })
    const peakMiB = stopWatching()
    if ('error' in result) throw new Error(`${daemon.name}: ${result.error}; its log is ${folder}/log`)
    rmSync(folder, { recursive: true })
    return { ...result, cpuSeconds: usage(child.pid!).cpuSeconds - before.cpuSeconds, peakMiB }
  } finally {
    await end(child)
  }
}

function pin(processor: number): string[] {
  return availableParallelism() > 1 ? ['taskset', '-c', String(processor)] : []
}

async function playLoad(command: LoadCommand): Promise<LoadResult> {
  const script = join(import.meta.dirname, 'load.ts')
  const child = fork(script, { execArgv: ['--max-old-space-size=4096'] })
  if (availableParallelism() > 1) execFileSync('taskset', ['-a', '-p', '-c', '1', String(child.pid)])
  try {
    return await new Promise<LoadResult>((resolve) => {
      const timer = setTimeout(() => resolve({ error: `not converged within ${DEADLINE_MS / 1000} s` }), DEADLINE_MS)
      child.once('message', (result: LoadResult) => {
        clearTimeout(timer)
        resolve(result)
      })
      child.once('exit', () => resolve({ error: 'the load ended early' }))
      child.send(command)
    })
  } finally {
    await end(child)
  }
}

/** Waits until the daemon takes connections. */
async function listens(child: ChildProcess): Promise<void> {
  const end = performance.now() + 15_000
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`the daemon ended with status ${child.exitCode}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect({ host: LISTEN, port: 179 })
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the daemon does not listen')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await gone
  clearTimeout(timer)
}
