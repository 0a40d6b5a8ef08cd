import { inTurn, ROUND_OCTETS, WRITE_OCTETS } from './rounds.ts'
import type { UpdateChunk } from './update-packer.ts'

/** A chunk of a flush, for every live member or for one alone. */
export interface LogEntry {
  readonly chunk: UpdateChunk
  /** The group's version after the flush; several chunks may have the same. */
  readonly version: number
  /** Slot of the only member it is for. */
  readonly only: number | undefined
}

/** A live member, as the log sees it. */
export interface Reader {
  readonly live: boolean
  /** Number of the entry it takes next. */
  readonly next: number
  /** Takes what waits for it, as far as its socket has room. Returns the octets written. */
  take(): number
}

/**
 * What flushes have made and some live members have not been given yet. Members are served in turn, a part of them in
 * each round of the speaker: input is read meanwhile, whoever is visited gets all that came up since with one write, and
 * a thousand members hold up nobody.
 */
export class ChunkLog {
  #entries: LogEntry[] = []
  /** Number of the first entry that is kept. */
  #first = 0
  #last: Reader | undefined

  /** The number that the next entry will have. */
  get end(): number {
    return this.#first + this.#entries.length
  }

  at(number: number): LogEntry {
    return this.#entries[number - this.#first]!
  }

  append(entry: LogEntry): void {
    this.#entries.push(entry)
  }

  /** Visits members that have something to take, beginning after the one that was visited last. True: some still wait. */
  serve(members: ReadonlySet<Reader>): boolean {
    if (this.#entries.length === 0) return false
    const all = inTurn(members, this.#last)
    let left = ROUND_OCTETS
    for (const member of all) {
      if (left <= 0) break
      if (!this.#isDue(member)) continue
      left -= WRITE_OCTETS + member.take()
      this.#last = member
    }
    this.#forget(all)
    return this.#entries.length > 0
  }

  #isDue({ live, next }: Reader): boolean {
    return live && next < this.end
  }

  /** What every live member has. */
  #forget(members: readonly Reader[]): void {
    let first = this.end
    for (const { live, next } of members) if (live && next < first) first = next
    this.#entries.splice(0, first - this.#first)
    this.#first = first
  }
}
