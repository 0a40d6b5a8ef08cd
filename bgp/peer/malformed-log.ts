import type { Clock, Log } from '../ports.ts'
import type { Finding } from '../wire/attributes/check.ts'

/** So many lines are written in one period; the rest is only counted. */
const LINES = 5
const PERIOD_MS = 60_000
const SHOWN_OCTETS = 64

/** Malformed UPDATEs of one peer in the log (RFC 7606, section 8): a peer that sends nothing else does not fill it. */
export class MalformedLog {
  readonly #peer: string
  readonly #clock: Clock
  readonly #log: Log
  #lines = 0
  #suppressed = 0
  #cancel: (() => void) | undefined

  constructor(peer: string, clock: Clock, log: Log) {
    this.#peer = peer
    this.#clock = clock
    this.#log = log
  }

  /** `octets`: the attributes that it was found in. */
  note(findings: readonly Finding[], octets: Uint8Array): void {
    this.#cancel ??= this.#clock.after(PERIOD_MS, () => this.#periodOver())
    if (this.#lines++ >= LINES) {
      this.#suppressed++
      return
    }
    const what = findings.map((finding) => `${finding.what} (${finding.remedy})`)
    const hex = Buffer.from(octets.subarray(0, SHOWN_OCTETS)).toString('hex')
    this.#log.warn({ peer: this.#peer, what, octets: hex }, 'malformed UPDATE, session kept (RFC 7606)')
  }

  /** What was suppressed is told still. */
  stop(): void {
    this.#cancel?.()
    this.#periodOver()
  }

  #periodOver(): void {
    const suppressed = this.#suppressed
    this.#cancel = undefined
    this.#lines = 0
    this.#suppressed = 0
    if (suppressed > 0) this.#log.warn({ peer: this.#peer, suppressed }, 'more malformed UPDATEs, not shown one by one')
  }
}
