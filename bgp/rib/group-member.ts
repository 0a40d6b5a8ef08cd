import type { Reader } from './chunk-log.ts'
import { Pieces } from './pieces.ts'
import type { UpdateGroup } from './update-group.ts'
import type { UpdateChunk } from './update-packer.ts'

/** Where a member's octets go. */
export interface MemberSink {
  /** False: enough is queued; `GroupMember.drained` will be called. */
  write(octets: Uint8Array, messages: number): boolean
  /** Octets that wait in the queue. */
  readonly unsentOctets: number
  /** The member has been told everything for the first time. */
  caughtUp(): void
}

const FIRST = 1

/** A member may queue this much of one flush before it falls out of the group's pace. */
const PATIENCE_OCTETS = 4 * 1024 * 1024

/**
 * A peer as one of an update group. While live it takes every chunk from the group's log; when its socket is full it is
 * behind: it remembers the version it knows and is caught up from the RIB when it can take more, so what waits for it is
 * never more than the newest state.
 */
export class GroupMember implements Reader {
  readonly group: UpdateGroup
  /** Slot of the peer's routes, to leave them out. */
  readonly slot: number
  live = false
  /** Number of the log's entry that it takes next, while it is live. */
  next = 0
  readonly #sink: MemberSink
  /** While behind: everything up to this version has been sent; 0: nothing, or it is wanted again. */
  #version = 0
  /** While behind: all withdrawals up to this version have been sent; 0: nothing has been told at all. */
  #heard = 0
  /** The group's version when this round began: what it will know when it ends. */
  #roundVersion = 0
  #cursor: number = FIRST
  #full = false
  #greeted = false
  #deliveredOctets = 0

  constructor(group: UpdateGroup, slot: number, sink: MemberSink) {
    this.group = group
    this.slot = slot
    this.#sink = sink
    this.#startRound()
  }

  /** Needs a step of catching up, and can take it. */
  get hungry(): boolean {
    return !this.live && !this.#full && this.group.primed
  }

  /** Has not been sent all that the group has told. */
  get lags(): boolean {
    return !this.live || this.next < this.group.chunks.end
  }

  take(): number {
    const { chunks } = this.group
    const pieces = this.#pieces()
    let version = 0
    for (; this.next < chunks.end; this.next++) {
      const entry = chunks.at(this.next)
      if (this.#full && !this.#hasPatience(version, entry.version)) {
        this.#fallBehind()
        break
      }
      version = entry.version
      if (entry.only === undefined || entry.only === this.slot) this.#add(entry.chunk, pieces)
      if (!pieces.room) this.#full = true
    }
    this.#flush(pieces)
    return pieces.octets
  }

  /** The rest of a flush still goes out, within reason; then the group goes on without this member. */
  #hasPatience(version: number, next: number): boolean {
    return version === next && this.#sink.unsentOctets <= PATIENCE_OCTETS
  }

  /** Takes a chunk that is for this member alone, less the runs of its own routes. */
  deliver(chunk: UpdateChunk): void {
    const pieces = this.#pieces()
    this.#add(chunk, pieces)
    this.#flush(pieces)
    this.#deliveredOctets += pieces.octets
  }

  #pieces(): Pieces {
    return new Pieces((octets, messages) => this.#sink.write(octets, messages))
  }

  #flush(pieces: Pieces): void {
    pieces.flush()
    if (!pieces.room) this.#full = true
  }

  /** In one piece, or in the pieces between its own runs. */
  #add({ starts, sources, before, octets, messages }: UpdateChunk, pieces: Pieces): void {
    if (!sources.includes(this.slot)) return pieces.add(octets, messages)
    let [from, sent] = [0, 0]
    for (let run = 0; run < sources.length; run++) {
      if (sources[run] !== this.slot) continue
      if (starts[run]! > from) pieces.add(octets.subarray(from, starts[run]), before[run]! - sent)
      from = starts[run + 1] ?? octets.length
      sent = before[run + 1] ?? messages
    }
    if (from < octets.length) pieces.add(octets.subarray(from), messages - sent)
  }

  /** Takes one step; the caller calls again while `hungry`. Returns the octets sent. */
  step(): number {
    const before = this.#deliveredOctets
    this.#step()
    return this.#deliveredOctets - before
  }

  #step(): void {
    if (this.#cursor === FIRST) {
      this.#roundVersion = this.group.version
      if (this.#heard === 0) this.#heard = this.#roundVersion
    }
    this.#cursor = this.group.catchUp(this, this.#cursor, {
      announcedSince: this.#version,
      withdrawnSince: this.#heard,
      until: this.#roundVersion,
    })
    if (this.#cursor !== 0) return
    this.#version = this.#roundVersion
    this.#heard = this.#roundVersion
    if (this.group.version !== this.#version) return this.#startRound()
    this.live = true
    this.next = this.group.chunks.end
    if (this.#greeted) return
    this.#greeted = true
    this.#sink.caughtUp()
  }

  /** Ids of routes that the peer may know, told by this group: what is withdrawn since it last listened too. */
  mayKnow(): Generator<number> {
    return this.group.toldIds(this.slot, this.live ? this.#known : this.#heard)
  }

  /** The socket has taken what was queued. */
  drained(): void {
    this.#full = false
  }

  /** Starts again from nothing, e.g. when the peer asks for a refresh (RFC 2918). */
  restart(): void {
    if (this.live) this.#heard = this.#known
    this.live = false
    this.#version = 0
    this.#greeted = false
    this.#startRound()
  }

  /** The version up to which a live member has been told everything. */
  get #known(): number {
    const { chunks, version } = this.group
    return this.next < chunks.end ? chunks.at(this.next).version - 1 : version
  }

  #fallBehind(): void {
    this.#version = this.#heard = this.#known
    this.live = false
    this.#startRound()
  }

  #startRound(): void {
    this.#cursor = FIRST
  }
}
