import { hostname } from 'node:os'
import { type ControllerFlags, readControllerOptions } from '../controller/options.ts'
import { EXIT_BAD_INPUT, Failure } from '../failure.ts'
import type { Terminal } from './terminal.ts'

/** `routelet controller`: checks the flags, then runs until it is told to stop. */
export async function runControllerCommand(
  flags: ControllerFlags,
  unknown: readonly string[],
  terminal: Terminal,
): Promise<void> {
  const read = readControllerOptions(flags, { env: terminal.env, hostName: hostname() })
  const strangers = unknown.map((word) => `${word}: no such ${word.startsWith('-') ? 'option' : 'argument'}`)
  const problems = [...strangers, ...('problems' in read ? read.problems : [])]
  if ('problems' in read || problems.length > 0)
    throw new Failure(EXIT_BAD_INPUT, [...problems, 'see routelet controller --help'])
  const { runController } = await import('../controller/controller.ts')
  await runController(read.options)
}
