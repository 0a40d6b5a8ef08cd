import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import net from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Daemon } from './daemons/daemon.ts'
import { type Usage, usage, watchMemory } from './measure.ts'
import type { LoadEvent, LoadResult, Scenario } from './scenario.ts'

export interface Measured extends LoadResult {
  readonly cpuSeconds: number
  readonly peakMiB: number
}

const LISTEN = '10.99.0.1'

/** One run of one scenario against one daemon, both on processors of their own, in the network namespace we are in. */
export async function runOnce(daemon: Daemon, scenario: Scenario, root: string, deadlineMs: number): Promise<Measured> {
  const folder = mkdtempSync(join(root, 'tmp/routelet-bench-'))
  chmodSync(folder, 0o755)
  const inside = folder.slice(root === '/' ? 0 : root.length)
  const log = openSync(join(folder, 'log'), 'w')
  const children: ChildProcess[] = []
  try {
    for (const argv of daemon.prepare({ folder: inside, listen: LISTEN, scenario, root })) {
      const [file, ...args] = [...pin(0), ...argv]
      children.push(spawn(file!, args, { stdio: ['ignore', log, log] }))
    }
    const child = children.at(-1)!
    await listens(child)
    const measured = await playLoad(scenario, child.pid!, deadlineMs)
    rmSync(folder, { recursive: true })
    return measured
  } catch (error) {
    throw new Error(`${daemon.name}: ${(error as Error).message}; its log is ${folder}/log`)
  } finally {
    for (const child of children.reverse()) await end(child)
  }
}

function pin(processor: number): string[] {
  return availableParallelism() > 1 ? ['taskset', '-c', String(processor)] : []
}

async function playLoad(scenario: Scenario, daemon: number, deadlineMs: number): Promise<Measured> {
  const child = fork(join(import.meta.dirname, 'load.ts'), { execArgv: ['--max-old-space-size=8192'] })
  if (availableParallelism() > 1)
    execFileSync('taskset', ['-a', '-p', '-c', '1', String(child.pid)], { stdio: 'ignore' })
  const stopWatching = watchMemory(daemon)
  let before: Usage | undefined
  let after: Usage | undefined
  try {
    const result = await new Promise<LoadResult>((resolve, reject) => {
      setTimeout(() => reject(new Error(`not converged within ${deadlineMs / 1000} s`)), deadlineMs).unref()
      child.on('exit', () => reject(new Error('the load ended early')))
      child.on('message', (event: LoadEvent) => {
        if (event.type === 'begin') before = usage(daemon)
        else if (event.type === 'end') after = usage(daemon)
        else if (event.type === 'failed') reject(new Error(event.error))
        else resolve(event.result)
      })
      child.send({ scenario, daemon: LISTEN, port: 179 })
    })
    return { ...result, cpuSeconds: after!.cpuSeconds - before!.cpuSeconds, peakMiB: stopWatching() }
  } finally {
    stopWatching()
    await end(child)
  }
}

/** Waits until the daemon takes connections. */
async function listens(child: ChildProcess): Promise<void> {
  const end = performance.now() + 15_000
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`ended with status ${child.exitCode}`)
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
  throw new Error('does not listen')
}

/** Daemons that profile themselves need a moment to write it down. */
const PATIENCE_MS = 15_000

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  await gone
  clearTimeout(timer)
}
