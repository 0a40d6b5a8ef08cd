import { EXIT_BAD_INPUT, Failure } from '../failure.ts'
import { loadFiles } from '../files/load.ts'
import { problemLine } from '../files/source.ts'
import type { Terminal } from './terminal.ts'

/** `routelet validate`: reads the objects as the agent and the reflector would, and names every problem. */
export async function validate(path: string, terminal: Terminal): Promise<void> {
  const { objects, problems } = await loadFiles(path)
  if (problems.length > 0) throw new Failure(EXIT_BAD_INPUT, problems.map(problemLine))
  terminal.stdout.write(`${path}: ${objects.length} objects, all valid (${summary(objects)})\n`)
}

function summary(objects: readonly { readonly kind: string }[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
}
