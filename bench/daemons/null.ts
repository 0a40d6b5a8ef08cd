import { join } from 'node:path'
import { execPath } from 'node:process'
import type { Daemon } from './daemon.ts'

/** Copies octets without reading them: what the load itself can do at most. */
export const nullSpeaker: Daemon = {
  name: 'null',
  howToAdd: 'it is this project',
  find: () => 'null speaker',
  prepare: ({ listen }) => [[execPath, join(import.meta.dirname, 'null-speaker.ts'), listen]],
}
