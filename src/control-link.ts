import type { Clock, Log } from '../bgp/ports.ts'
import type { ControlToCore, CoreToControl, DesiredState } from './contract.ts'
import { Failure } from './failure.ts'
import type { Loaded } from './state-dir.ts'
import { type StartWorker, Supervisor } from './threads/supervisor.ts'

/** The core, as far as the control side speaks to it. */
export interface ControlledCore {
  readonly hasApplied: boolean
  apply(desired: DesiredState, how: { readonly fromStateDir: boolean }): void
  controlHealth(synced: boolean, detail: string): void
}

export interface ControlLinkPorts {
  readonly clock: Clock
  readonly log: Log
  readonly startWorker: StartWorker<CoreToControl, ControlToCore>
  readonly core: ControlledCore
  /** The newest desired state is kept for the next start. */
  readonly keep: (desired: DesiredState) => void
  /** What an earlier run kept. */
  readonly kept: Loaded
  /** It makes no sense to go on. */
  readonly fail: (failure: Failure) => void
}

/** So long the source may be silent at the start before the kept state is used. */
const KEPT_STATE_AFTER_MS = 5000

/** The core's end of the line to the control worker: puts into force what it sends, whatever becomes of the worker. */
export class ControlLink {
  readonly #ports: ControlLinkPorts
  readonly #supervisor: Supervisor<CoreToControl, ControlToCore>
  readonly #cancelKept: () => void

  constructor(ports: ControlLinkPorts, options: { readonly useKeptState: boolean }) {
    this.#ports = ports
    const { clock, log, startWorker: start } = ports
    this.#supervisor = new Supervisor({ clock, log, start }, (message) => this.#receive(message))
    this.#cancelKept = options.useKeptState
      ? clock.after(KEPT_STATE_AFTER_MS, () => this.#useKeptState())
      : () => undefined
  }

  get workerRestarts(): number {
    return this.#supervisor.restarts
  }

  send(message: CoreToControl): void {
    this.#supervisor.post(message)
  }

  /** Everything is read again. */
  reread(): void {
    this.#ports.log.info({}, 'reading the configuration again')
    this.#supervisor.restart()
  }

  stop(): void {
    this.#cancelKept()
    this.#supervisor.stop()
  }

  #receive(message: ControlToCore): void {
    const { core, fail, keep, log } = this.#ports
    switch (message.type) {
      case 'Apply':
        this.#cancelKept()
        core.apply(message.desired, { fromStateDir: false })
        keep(message.desired)
        return
      case 'Health':
        core.controlHealth(message.synced, message.detail)
        return
      case 'Fatal': {
        const lines = message.message.split('\n')
        // Nothing that is found while running stops what runs.
        if (!core.hasApplied) return fail(new Failure(message.exitCode, lines))
        for (const reason of lines)
          log.error({ reason }, 'the configuration cannot be used; what was applied before stays')
        core.controlHealth(false, lines.join('; '))
        this.#supervisor.retry()
        return
      }
    }
  }

  #useKeptState(): void {
    const { core, kept, log } = this.#ports
    if (kept === undefined) return
    if ('unreadable' in kept) {
      log.warn({ reason: kept.unreadable }, 'the kept configuration cannot be used')
      return
    }
    const savedAt = new Date(kept.savedAt).toISOString()
    log.warn({ savedAt }, 'the source of the configuration is silent; starting with the one kept from an earlier run')
    core.apply(kept.desired, { fromStateDir: true })
  }
}
