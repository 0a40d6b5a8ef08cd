import type { Clock, Log } from '../bgp/ports.ts'
import type { DesiredState } from './contract.ts'
import { currentBootId, saveState } from './state-dir.ts'

/** A burst of changes is written once. */
const SETTLE_MS = 1000

/** Keeps the newest desired state in the state directory, one write at a time, away from the hot path. */
export class StateKeeper {
  readonly #ports: { readonly clock: Clock; readonly log: Log }
  readonly #dir: string
  #newest: DesiredState | undefined
  #writing = false
  #cancel: (() => void) | undefined
  #failing = false

  constructor(ports: { readonly clock: Clock; readonly log: Log }, dir: string) {
    this.#ports = ports
    this.#dir = dir
  }

  keep(desired: DesiredState): void {
    this.#newest = desired
    this.#cancel ??= this.#ports.clock.after(SETTLE_MS, () => void this.flush())
  }

  /** Writes what is still unwritten. */
  async flush(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#writing) return
    this.#writing = true
    while (this.#newest !== undefined) {
      const desired = this.#newest
      this.#newest = undefined
      await this.#write(desired)
    }
    this.#writing = false
  }

  async #write(desired: DesiredState): Promise<void> {
    try {
      await saveState(this.#dir, { savedAt: this.#ports.clock.wallTime(), bootId: currentBootId(), desired })
      this.#failing = false
    } catch (error) {
      // Said once, not at every change: routing goes on without it.
      if (!this.#failing) this.#ports.log.warn({ err: error, dir: this.#dir }, 'the state directory cannot be written')
      this.#failing = true
    }
  }
}
