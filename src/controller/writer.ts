import type { Clock, Log } from '../../bgp/ports.ts'
import { ApiError } from '../kube/client.ts'

/** One thing that should stand in the API server. */
export interface Write {
  /** What it is about: a later write of the same key takes its place. */
  readonly key: string
  /** Equal for writes that say the same. */
  readonly content: string
  send(): Promise<unknown>
  /** It has been written. */
  done?(): void
}

export interface WriterPorts {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  /** False: another one may be writing by now. */
  readonly mayWrite: () => boolean
}

const AT_ONCE = 8
/** What was written is seen within this, or is written again. */
const SEEN_WITHIN_MS = 5_000
/** What the API server refuses for a reason of its own is not sent again before. */
const REFUSED_MS = 30_000
const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 30_000

/** Writes what differs, several at a time. While the server is away or has too much to do, it waits longer and longer. */
export class Writer {
  readonly #ports: WriterPorts
  readonly #pending = new Map<string, Write>()
  readonly #inFlight = new Map<string, string>()
  /** What was sent not long ago: by key, until when it counts. */
  readonly #sent = new Map<string, { readonly content: string; readonly until: number }>()
  #delayMs = FIRST_DELAY_MS
  #cancelPause: (() => void) | undefined
  #stopped = false
  #idle: () => void = () => {}

  constructor(ports: WriterPorts) {
    this.#ports = ports
  }

  /** All that differs now; true when some of it is left out because it has just been sent. */
  submit(writes: readonly Write[]): boolean {
    const now = this.#ports.clock.now()
    for (const [key, { until }] of this.#sent) if (until <= now) this.#sent.delete(key)
    this.#pending.clear()
    let left = false
    for (const write of writes) {
      const isSent = this.#sent.get(write.key)?.content === write.content
      if (isSent || this.#inFlight.get(write.key) === write.content) left = true
      else this.#pending.set(write.key, write)
    }
    this.#pump()
    return left
  }

  /** Sends no more; resolves when nothing is on its way. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelPause?.()
    this.#pending.clear()
    if (this.#inFlight.size === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  #pump(): void {
    for (const [key, write] of this.#pending) {
      if (this.#stopped || this.#cancelPause || this.#inFlight.size >= AT_ONCE || !this.#ports.mayWrite()) return
      // One after the other, for each object.
      if (this.#inFlight.has(key)) continue
      this.#pending.delete(key)
      this.#inFlight.set(key, write.content)
      void this.#send(write).finally(() => {
        this.#inFlight.delete(key)
        if (this.#inFlight.size === 0) this.#idle()
        this.#pump()
      })
    }
  }

  async #send(write: Write): Promise<void> {
    const { key, content } = write
    const { clock, log } = this.#ports
    try {
      await write.send()
      this.#delayMs = FIRST_DELAY_MS
      this.#sent.set(key, { content, until: clock.now() + SEEN_WITHIN_MS })
      write.done?.()
    } catch (error) {
      const reason = (error as Error).message
      if (isRefusal(error)) {
        // Gone, or another one of the same name: the watch tells.
        const isOld = error.status === 404 || error.status === 409
        this.#sent.set(key, { content, until: clock.now() + (isOld ? SEEN_WITHIN_MS : REFUSED_MS) })
        if (!isOld) log.warn({ object: key, reason }, 'the API server refuses what should be written')
        return
      }
      if (!this.#pending.has(key)) this.#pending.set(key, write)
      if (this.#cancelPause === undefined) log.warn({ object: key, reason }, 'not written; tried again')
      this.#pause()
    }
  }

  #pause(): void {
    if (this.#stopped || this.#cancelPause) return
    this.#cancelPause = this.#ports.clock.after(this.#delayMs * (0.5 + this.#ports.random()), () => {
      this.#cancelPause = undefined
      this.#pump()
    })
    this.#delayMs = Math.min(LONGEST_DELAY_MS, this.#delayMs * 2)
  }
}

/** It would be refused again; too many requests and faults of the server pass. */
function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429
}
