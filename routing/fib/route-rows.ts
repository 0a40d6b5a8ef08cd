import type { Family } from '../ip/address.ts'
import type { PrefixWords } from '../ip/prefix.ts'
import { type PrefixId, PrefixTable } from '../ip/prefix-table.ts'
import type { IntentId } from './intents.ts'
import { RowQueue } from './row-queue.ts'
import type { TargetId } from './targets.ts'

/** How a row stands; `counts` is kept by it. */
export const RowState = {
  None: 0,
  Installed: 1,
  Pending: 2,
  Failed: 3,
  Refused: 4,
  Inactive: 5,
  /** Found at the start and not wanted yet: it stays until all that will be wanted is known. */
  Leftover: 6,
  /** Not wanted any more, still in the kernel. */
  Leaving: 7,
} as const
export type RowState = (typeof RowState)[keyof typeof RowState]
const STATES = 8

/** Marks of a row. */
export const Mark = {
  Queued: 1,
  /** In a batch whose outcome is awaited. */
  InFlight: 2,
  /** The kernel told of a change meanwhile, and which came first is not known. */
  Touched: 4,
  Named: 8,
  /** A blackhole of ours, whatever is learned. */
  Pinned: 16,
  /** The dump that runs, or ran last, has shown it. */
  Seen: 32,
  Leftover: 64,
  /** Another's route has its place. */
  Blocked: 128,
} as const

export interface RowPlan {
  /** Where an intent leads now; 0: nowhere. */
  targetOf(intent: IntentId): TargetId
  blackhole(): TargetId
  /** A kernel route leads to another target than before; 0: there is none. */
  moved(from: TargetId, to: TargetId): void
}

/** The routes of one family in columns: what is wanted, what is there, and which of them differ. */
export class RouteRows {
  readonly table: PrefixTable
  readonly counts = new Uint32Array(STATES)
  wanted = new Uint32Array(0)
  /** Set by `setActual` alone. */
  actual = new Uint32Array(0)
  marks = new Uint8Array(0)
  refusals = new Uint8Array(0)
  errnos = new Uint8Array(0)
  #states = new Uint8Array(0)
  /** Rows that failed and wait for the next try. */
  parked = 0

  #plan: RowPlan
  #queue = new RowQueue()

  constructor(family: Family, seed: number, plan: RowPlan) {
    this.table = new PrefixTable(family, seed)
    this.#plan = plan
    this.#fit()
  }

  /** Rows whose difference waits to be sent. */
  get pending(): number {
    return this.#queue.size
  }

  find(prefix: PrefixWords): PrefixId {
    return this.table.findPrefix(prefix)
  }

  /** The row of a prefix, made when there is none. Follow up with `update`, or it may leak. */
  row(prefix: PrefixWords): PrefixId {
    const id = this.table.internPrefix(prefix)
    if (id >= this.wanted.length) this.#fit()
    return id
  }

  has(id: PrefixId, mark: number): boolean {
    return (this.marks[id]! & mark) !== 0
  }

  set(id: PrefixId, mark: number): void {
    this.marks[id] = this.marks[id]! | mark
  }

  clear(id: PrefixId, mark: number): void {
    this.marks[id] = this.marks[id]! & ~mark
  }

  stateOf(id: PrefixId): RowState {
    return this.#states[id] as RowState
  }

  /** What the kernel holds for this row; 0: nothing. */
  setActual(id: PrefixId, target: TargetId): void {
    const before = this.actual[id]!
    if (before === target) return
    this.actual[id] = target
    this.#plan.moved(before, target)
  }

  setErrno(id: PrefixId, errno: number): void {
    this.parked += Number(errno !== 0) - Number(this.errnos[id] !== 0)
    this.errnos[id] = errno
  }

  /** What the kernel should hold for this row; 0: nothing. */
  desired(id: PrefixId): TargetId {
    const marks = this.marks[id]!
    if ((marks & Mark.Blocked) !== 0) return 0
    if ((marks & Mark.Pinned) !== 0) return this.#plan.blackhole()
    return this.refusals[id] !== 0 ? 0 : this.#plan.targetOf(this.wanted[id]!)
  }

  /** To be called after any change to a row: recounts it, queues it when it differs, frees it when it is empty. */
  update(id: PrefixId): void {
    const desired = this.desired(id)
    const state = this.#judge(id, desired)
    const before = this.#states[id]!
    if (state !== before) {
      this.counts[before]!--
      this.counts[state]!++
      this.#states[id] = state
    }
    if (this.has(id, Mark.Queued | Mark.InFlight)) return
    if (this.differs(id, desired)) this.#push(id)
    else if (state === RowState.None) this.#free(id)
  }

  /** Must the kernel be told something about this row now? */
  differs(id: PrefixId, desired: TargetId): boolean {
    return desired !== this.actual[id] && this.#states[id] !== RowState.Leftover && this.errnos[id] === 0
  }

  /** Takes the next row that may differ off the queue; 0: none waits. */
  shift(): PrefixId {
    const id = this.#queue.shift()
    if (id !== 0) this.clear(id, Mark.Queued)
    return id
  }

  #judge(id: PrefixId, desired: TargetId): RowState {
    const marks = this.marks[id]!
    const actual = this.actual[id]!
    if (this.wanted[id] === 0 && (marks & Mark.Pinned) === 0) {
      if (actual === 0) return RowState.None
      return (marks & Mark.Leftover) !== 0 ? RowState.Leftover : RowState.Leaving
    }
    if ((marks & Mark.Blocked) !== 0) return RowState.Refused
    if (this.refusals[id] !== 0 && (marks & Mark.Pinned) === 0) return RowState.Refused
    if (desired === 0) return RowState.Inactive
    if (desired === actual) return RowState.Installed
    return this.errnos[id] !== 0 ? RowState.Failed : RowState.Pending
  }

  #push(id: PrefixId): void {
    this.#queue.push(id)
    this.set(id, Mark.Queued)
  }

  #free(id: PrefixId): void {
    this.setErrno(id, 0)
    this.marks[id] = 0
    this.refusals[id] = 0
    this.table.release(id)
  }

  #fit(): void {
    const rows = this.table.capacity
    this.wanted = wider(this.wanted, new Uint32Array(rows))
    this.actual = wider(this.actual, new Uint32Array(rows))
    this.marks = wider(this.marks, new Uint8Array(rows))
    this.refusals = wider(this.refusals, new Uint8Array(rows))
    this.errnos = wider(this.errnos, new Uint8Array(rows))
    this.#states = wider(this.#states, new Uint8Array(rows))
  }
}

function wider<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}
