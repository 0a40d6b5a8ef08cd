import { type ChildProcess, execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Asked before anything is pinned. */
const SEVERAL = availableParallelism() > 1

/** What a command is started through, so that it stays on one processor. */
export function pin(processor: number): string[] {
  return SEVERAL ? ['taskset', '-c', String(processor)] : []
}

/** Keeps a process that runs already, with all its threads, on one processor. */
export function pinProcess(pid: number, processor: number): void {
  if (SEVERAL) execFileSync('taskset', ['-a', '-p', '-c', String(processor), String(pid)], { stdio: 'ignore' })
}

/** Daemons that profile themselves need a moment to write it down. */
const PATIENCE_MS = 15_000

/** Ends a child and waits until it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  await gone
  clearTimeout(timer)
}
