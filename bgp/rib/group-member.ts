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
 * A peer as one of an update group. While live it gets every chunk as it is made; when its socket is full it is behind:
 * it remembers the version it knows and is caught up from the RIB when it can take more, so what waits for it is never
 * more than the newest state.
 */
export class GroupMember {
  readonly group: UpdateGroup
  /** Slot of the peer's routes, to leave them out. */
  readonly slot: number
  live = false
  readonly #sink: MemberSink
  /** Everything up to this version has been sent; 0: nothing, or it is wanted again. */
  #version = 0
  /** All withdrawals up to this version have been sent; 0: nothing has been told at all. */
  #heard = 0
  /** The group's version when this round began: what it will know when it ends. */
  #roundVersion = 0
  #cursor: number = FIRST
  #full = false
  #greeted = false
  #stepping = false
  /** Too much waits already: what is left of this flush is caught up later. */
  #skipping = false

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

  /** Takes a chunk, less the runs of its own routes. */
  deliver(chunk: UpdateChunk): void {
    if (this.#skipping) return
    if (!this.#send(chunk)) this.#filled()
  }

  /** In one piece, or in the pieces between its own runs. */
  #send({ starts, sources, before, octets, messages }: UpdateChunk): boolean {
    if (!sources.includes(this.slot)) return this.#sink.write(octets, messages)
    let room = true
    let [from, sent] = [0, 0]
    for (let run = 0; run < sources.length; run++) {
      if (sources[run] !== this.slot) continue
      if (starts[run]! > from) room = this.#sink.write(octets.subarray(from, starts[run]), before[run]! - sent)
      from = starts[run + 1] ?? octets.length
      sent = before[run + 1] ?? messages
    }
    return from < octets.length ? this.#sink.write(octets.subarray(from), messages - sent) : room
  }

  /** Takes one step; the caller calls again while `hungry`. */
  step(): void {
    if (this.#cursor === FIRST) {
      this.#roundVersion = this.group.version
      if (this.#heard === 0) this.#heard = this.#roundVersion
    }
    this.#stepping = true
    this.#step()
    this.#stepping = false
  }

  #step(): void {
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
    if (this.#greeted) return
    this.#greeted = true
    this.#sink.caughtUp()
  }

  /** Ids of routes that the peer may know, told by this group: what is withdrawn since it last listened too. */
  mayKnow(): Generator<number> {
    return this.group.toldIds(this.slot, this.live ? this.group.version : this.#heard)
  }

  /** The socket has taken what was queued. */
  drained(): void {
    this.#full = false
    this.#skipping = false
  }

  /** Starts again from nothing, e.g. when the peer asks for a refresh (RFC 2918). */
  restart(): void {
    if (this.live) this.#heard = this.group.version
    this.live = false
    this.#version = 0
    this.#greeted = false
    this.#startRound()
  }

  #startRound(): void {
    this.#cursor = FIRST
  }

  #filled(): void {
    this.#full = true
    if (this.#stepping) return
    // The rest of this flush still goes out, within reason; then the group goes on without this member.
    this.#skipping = this.#sink.unsentOctets > PATIENCE_OCTETS
    this.live = false
    this.#version = this.#skipping ? this.group.version - 1 : this.group.version
    this.#heard = this.#version
    this.#startRound()
  }
}
