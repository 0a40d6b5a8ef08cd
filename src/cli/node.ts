import { hostname } from 'node:os'
import type { Role } from '../api/contract.ts'
import type { ControlToCore, CoreToControl } from '../contract.ts'
import { EXIT_BAD_INPUT, Failure } from '../failure.ts'
import { type NodeFlags, readNodeOptions } from '../options.ts'
import { controlWorker } from '../threads/control-worker.ts'
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
  const startWorker = controlWorker<CoreToControl, ControlToCore>(read.options)
  // Loaded now, so that a wrong flag is told at once, and while the worker starts beside.
  const { runNode } = await import('../node.ts')
  await runNode(read.options, startWorker)
}
