import { readFileSync } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { DesiredState } from './contract.ts'

const FILE = 'last-apply.json'
const FORMAT = 'routelet.io/state/v1'

/** The last desired state, kept so that an agent that starts while the API server is away knows what to do. */
export interface KeptState {
  readonly savedAt: number
  /** Which run of the machine it was; the kernel's routes last no longer. */
  readonly bootId: string
  readonly desired: DesiredState
}

export type Loaded = KeptState | { readonly unreadable: string } | undefined

/** Names this run of the machine. */
export function currentBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/**
 * Writes the state as a whole or not at all: to a second file that then takes the name. Only the owner may read it, for
 * it holds the passwords of sessions.
 */
export async function saveState(dir: string, state: KeptState): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const temporary = join(dir, `.${FILE}.${process.pid}`)
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify({ format: FORMAT, ...state }))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, join(dir, FILE))
}

/** What was kept; `undefined` when there is nothing, `unreadable` with the reason when it cannot be used. */
export async function loadState(dir: string): Promise<Loaded> {
  let text: string
  try {
    text = await readFile(join(dir, FILE), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return { unreadable: (error as Error).message }
  }
  try {
    const { format, savedAt, bootId, desired } = JSON.parse(text) as { format: string } & KeptState
    if (format !== FORMAT) return { unreadable: `its format is ${format}, wanted ${FORMAT}` }
    return { savedAt, bootId, desired }
  } catch (error) {
    return { unreadable: (error as Error).message }
  }
}
