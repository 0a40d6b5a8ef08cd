import { hostname } from 'node:os'
import type { Role } from '../api/contract.ts'
import type { ControlToCore, CoreToControl } from '../contract.ts'
import { EXIT_BAD_INPUT, Failure } from '../failure.ts'
import { type NodeFlags, type NodeOptions, readNodeOptions } from '../options.ts'
import { systemClock } from '../platform/clock.ts'
import { controlWorker } from '../threads/control-worker.ts'
import type { StartWorker } from '../threads/supervisor.ts'
import type { Terminal } from './terminal.ts'

/** `routelet agent` and `routelet reflector`: checks the flags, then runs until it is told to stop. */
export async function runNodeCommand(
  role: Role,
  flags: NodeFlags,
  unknown: readonly string[],
  terminal: Terminal,
): Promise<void> {
  const read = readNodeOptions(role, flags, { env: terminal.env, hostName: hostname() })
  const strangers = unknown.map((word) => `${word}: no such ${word.startsWith('-') ? 'option' : 'argument'}`)
  const problems = [...strangers, ...('problems' in read ? read.problems : [])]
  if ('problems' in read || problems.length > 0) {
    throw new Failure(EXIT_BAD_INPUT, [...problems, `see routelet ${role} --help`])
  }
  // Loaded now, so that a wrong flag is told at once, and while the worker starts beside.
  const startWorker = controlOf(read.options)
  const { runNode } = await import('../node.ts')
  await runNode(read.options, await startWorker)
}

/** The API is followed in a thread of its own, which begins at once. */
async function controlOf(options: NodeOptions): Promise<StartWorker<CoreToControl, ControlToCore>> {
  if (options.source.type === 'kubernetes') return controlWorker(options)
  const { controlHere } = await import('../threads/control-here.ts')
  return controlHere(options, systemClock)
}
