import type { Clock, Log } from '../ports.ts'
import { fillBatch, type Settled, settleBatch } from './changes.ts'
import type { Fib } from './fib.ts'
import type { KernelGroup, KernelRoute, KernelRoutes, RouteWatcher } from './kernel-routes.ts'
import { Observed } from './observed.ts'
import type { Ownership } from './ownership.ts'
import { RouteBatch } from './route-batch.ts'

/** Rows judged anew in one go: a few milliseconds. */
const REVISIT_ROWS = 20_000
/** What others break is repaired after this time: soon, but not as fast as two programs can fight. */
const REPAIR_MS = 100
/** Own changes in bulk make the kernel's news overflow; it is no use to read all before they are through, up to this time. */
const QUIET_AT_LAST_MS = 2_000
/** While so many more rows wait with each turn, sending waits for this time: long rounds are cheap (`RowQueue`). */
const POUR_ROWS = 500
const POUR_MS = 50
const RETRY_FIRST_MS = 1_000
const RETRY_LAST_MS = 30_000

export interface FibSyncPorts {
  readonly clock: Clock
  readonly log: Log
  readonly kernel: KernelRoutes
}

/**
 * Keeps the kernel as the FIB wants it. Starting, losing track and finding a contradiction are all the same: read
 * everything, then send the difference, one batch per turn of the event loop.
 */
export class FibSync implements RouteWatcher {
  #ports: FibSyncPorts
  #fib: Fib
  #observed: Observed
  #batch = new RouteBatch()
  /** `waiting`: the kernel could not be read; nothing is sent before it could. */
  #state: 'stopped' | 'resting' | 'scheduled' | 'dumping' | 'waiting' | 'applying' | 'closed' = 'stopped'
  /** When to read everything anew: before anything else, or once nothing more important waits. */
  #dumpDue: 'no' | 'when-quiet' | 'now' = 'no'
  #cancelQuiet: (() => void) | undefined
  /** How many rows waited in the turn before, and since when they become many more with each. */
  #waited = 0
  #pouringSince: number | undefined
  #retryMs = RETRY_FIRST_MS
  #retryWithDump = false
  #cancelRetry: (() => void) | undefined
  #cancelRepair: (() => void) | undefined
  /** Somebody else's route came or went. */
  #foreignChanged: () => void
  #whenSettled: (() => void)[] = []

  constructor(ports: FibSyncPorts, fib: Fib, foreignChanged: () => void) {
    this.#ports = ports
    this.#fib = fib
    this.#observed = new Observed(fib)
    this.#foreignChanged = foreignChanged
  }

  /** The kernel is as wanted, as far as it can be: nothing is under way and nothing waits but retries. */
  get idle(): boolean {
    return this.#state === 'resting' && this.#cancelRepair === undefined
  }

  /** Calls back once nothing is under way and nothing waits, not even a retry. */
  whenSettled(then: () => void): void {
    this.#whenSettled.push(then)
    this.#tellSettled()
  }

  start(): void {
    this.#ports.kernel.watch(this)
    this.#state = 'resting'
    this.resync()
  }

  /** From now on nothing is sent and nothing heard. */
  stop(): void {
    this.#state = 'closed'
    this.#tellSettled()
    this.#cancelRetry?.()
    this.#cancelRepair?.()
    this.#cancelQuiet?.()
  }

  /** Reads everything anew before the next change is made. */
  resync(): void {
    this.#dumpDue = 'now'
    this.kick()
  }

  /** Routes under this ownership are ours no more, and go. */
  abandon(former: Ownership): void {
    this.#observed.abandon(former)
    this.resync()
  }

  /** There may be something to send. */
  kick(): void {
    if (this.#state !== 'resting') return
    this.#state = 'scheduled'
    this.#ports.clock.soon(() => this.#step())
  }

  foundGroup(group: KernelGroup): void {
    if (this.#state !== 'closed') this.#observed.foundGroup(group)
  }

  groupsChanged(): void {
    if (this.#state === 'closed') return
    this.#dumpDue = 'now'
    this.#repairSoon()
  }

  found(route: KernelRoute): void {
    if (this.#state !== 'closed') this.#observed.there(route)
  }

  added(route: KernelRoute): void {
    if (this.#state === 'closed') return
    this.#afterChange(this.#observed.there(route))
  }

  removed(route: KernelRoute): void {
    if (this.#state === 'closed') return
    this.#afterChange(this.#observed.gone(route))
  }

  overflow(): void {
    this.#ports.log.debug({}, 'changes of kernel routes were lost, reading all of them')
    if (this.#dumpDue === 'no') this.#dumpDue = 'when-quiet'
    this.#cancelQuiet ??= this.#ports.clock.after(QUIET_AT_LAST_MS, () => this.resync())
    this.kick()
  }

  dumped(error?: Error): void {
    if (this.#state !== 'dumping') return
    if (error !== undefined) {
      this.#ports.log.warn({ err: error }, 'cannot read the kernel routes, trying again')
      this.#state = 'waiting'
      this.#retryLater(true)
      return
    }
    this.#state = 'resting'
    this.#observed.endDump()
    this.#foreignChanged()
    this.kick()
  }

  #step(): void {
    if (this.#state !== 'scheduled') return
    this.#state = 'resting'
    const quiet = this.#fib.pending === 0 && !this.#fib.revisiting
    if (this.#dumpDue === 'now' || (this.#dumpDue === 'when-quiet' && quiet)) this.#dump()
    else if (this.#fib.revisiting) {
      this.#fib.revisit(REVISIT_ROWS)
      this.kick()
    } else if (this.#waitsForMore()) this.kick()
    else this.#apply()
  }

  #waitsForMore(): boolean {
    const { pending } = this.#fib
    const pours = pending >= this.#waited + POUR_ROWS
    this.#waited = pending
    const now = this.#ports.clock.now()
    this.#pouringSince = pours ? (this.#pouringSince ?? now) : undefined
    return this.#pouringSince !== undefined && now - this.#pouringSince < POUR_MS
  }

  #dump(): void {
    this.#dumpDue = 'no'
    this.#cancelQuiet?.()
    this.#cancelQuiet = undefined
    this.#state = 'dumping'
    this.#observed.beginDump()
    this.#ports.kernel.dump(this.#fib.rules.ownership.protocol)
  }

  #apply(): void {
    this.#fib.sweep()
    if (fillBatch(this.#fib, this.#batch) === 0) {
      if (this.#fib.parked === 0) this.#retryMs = RETRY_FIRST_MS
      this.#tellSettled()
      return
    }
    this.#state = 'applying'
    this.#ports.kernel.apply(this.#batch, () => this.#applied())
  }

  #applied(): void {
    if (this.#state !== 'applying') return
    this.#state = 'resting'
    const settled = settleBatch(this.#fib, this.#batch)
    if (settled.conflicts + settled.failed > 0) this.#failed(settled)
    if (settled.suspect) this.#dumpDue = 'now'
    this.kick()
  }

  #failed({ conflicts, failed }: Settled): void {
    this.#ports.log.warn({ conflicts, failed, retryMs: this.#retryMs }, 'the kernel refused routes')
    this.#retryLater(conflicts > 0)
  }

  /** What failed is tried again with growing pauses; a contradiction asks for a look at what is really there. */
  #retryLater(withDump: boolean): void {
    this.#retryWithDump ||= withDump
    if (this.#cancelRetry !== undefined) return
    this.#cancelRetry = this.#ports.clock.after(this.#retryMs, () => {
      this.#cancelRetry = undefined
      if (this.#state === 'waiting') this.#state = 'resting'
      this.#fib.retryFailed()
      if (this.#retryWithDump) this.#dumpDue = 'now'
      this.#retryWithDump = false
      this.kick()
    })
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_LAST_MS)
  }

  #tellSettled(): void {
    const over = this.#state === 'stopped' || this.#state === 'closed'
    if (!over && (!this.idle || this.#cancelRetry !== undefined || this.#fib.pending > 0)) return
    for (const then of this.#whenSettled.splice(0)) then()
  }

  #afterChange(whose: 'own' | 'foreign'): void {
    if (this.#state === 'dumping') return
    if (whose === 'foreign') this.#foreignChanged()
    if (this.#fib.pending > 0) this.#repairSoon()
  }

  #repairSoon(): void {
    this.#cancelRepair ??= this.#ports.clock.after(REPAIR_MS, () => {
      this.#cancelRepair = undefined
      this.kick()
    })
  }
}
