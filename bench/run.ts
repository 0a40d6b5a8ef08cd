import { type ChildProcess, fork, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { env } from 'node:process'
import { end, pin, pinProcess } from './children.ts'
import type { Contender } from './compare.ts'
import { type Usage, usage, watchMemory } from './measure.ts'
import type { LoadCommand, LoadEvent, LoadResult, Scenario } from './scenario.ts'
import { longestStall, stallWatchEnv } from './stalls.ts'

export interface Measured extends LoadResult {
  readonly cpuSeconds: number
  readonly peakMiB: number
  /** Longest that the event loop stood still; of routelet only. */
  readonly stallMs?: number
}

const LISTEN = '10.99.0.1'

/** One run of one scenario against one daemon, both on processors of their own, in the network namespace we are in. */
export async function runOnce(
  { daemon, label, root }: Contender,
  scenario: Scenario,
  deadlineMs: number,
): Promise<Measured> {
  const folder = mkdtempSync(join(root, 'tmp/routelet-bench-'))
  chmodSync(folder, 0o755)
  const inside = folder.slice(root === '/' ? 0 : root.length)
  const log = openSync(join(folder, 'log'), 'w')
  const watched = daemon.name === 'routelet'
  const children: ChildProcess[] = []
  try {
    for (const argv of daemon.prepare({ folder: inside, listen: LISTEN, scenario, root })) {
      const [file, ...args] = [...pin(0), ...argv]
      const environment = watched ? { ...env, ...stallWatchEnv(folder) } : env
      children.push(spawn(file!, args, { stdio: ['ignore', log, log], env: environment }))
    }
    const child = children.at(-1)!
    await listens(child)
    const stall = async () => (watched ? longestStall(child.pid!, folder) : undefined)
    const measured = await playLoad(scenario, child.pid!, stall, deadlineMs)
    rmSync(folder, { recursive: true })
    return measured
  } catch (error) {
    throw new Error(`${label}: ${(error as Error).message}; its log is ${folder}/log`)
  } finally {
    for (const child of children.reverse()) await end(child)
  }
}

async function playLoad(
  scenario: Scenario,
  daemon: number,
  stall: () => Promise<number | undefined>,
  deadlineMs: number,
): Promise<Measured> {
  const child = fork(join(import.meta.dirname, 'load.ts'), { execArgv: ['--max-old-space-size=8192'] })
  pinProcess(child.pid!, 1)
  const stopWatching = watchMemory(daemon)
  const send = (command: LoadCommand) => child.send(command)
  let before: Usage | undefined
  let after: Usage | undefined
  let stallMs: number | undefined
  try {
    const result = await new Promise<LoadResult>((resolve, reject) => {
      setTimeout(() => reject(new Error(`not converged within ${deadlineMs / 1000} s`)), deadlineMs).unref()
      child.on('exit', () => reject(new Error('the load ended early')))
      child.on('message', async (event: LoadEvent) => {
        if (event.type === 'begin') {
          // What came before is not counted.
          await stall()
          before = usage(daemon)
          send({ type: 'go' })
        } else if (event.type === 'end') {
          after = usage(daemon)
          stallMs = await stall()
          send({ type: 'go' })
        } else if (event.type === 'failed') reject(new Error(event.error))
        else resolve(event.result)
      })
      send({ type: 'play', scenario, daemon: LISTEN, port: 179 })
    })
    return {
      ...result,
      cpuSeconds: after!.cpuSeconds - before!.cpuSeconds,
      peakMiB: stopWatching(),
      ...(stallMs === undefined ? {} : { stallMs }),
    }
  } finally {
    stopWatching()
    await end(child)
  }
}

/** Waits until the daemon takes connections. */
async function listens(child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 15_000
  while (performance.now() < deadline) {
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
