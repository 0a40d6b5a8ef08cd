import type { ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** What a command is started through, so that it stays on one processor. */
export function pin(processor: number): string[] {
  return availableParallelism() > 1 ? ['taskset', '-c', String(processor)] : []
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
