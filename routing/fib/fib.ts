import type { Family } from '../ip/address.ts'
import { type Prefix, type PrefixWords, prefixWords } from '../ip/prefix.ts'
import { emptyPrefix, type PrefixId } from '../ip/prefix-table.ts'
import { ForeignRoutes } from './foreign-routes.ts'
import { Groups } from './groups.ts'
import type { Guard } from './guard.ts'
import { type IntentRules, Intents, type NextHop } from './intents.ts'
import { NextHopWords } from './next-hop-words.ts'
import type { Ownership } from './ownership.ts'
import { refusalCode } from './refusals.ts'
import { Mark, RouteRows } from './route-rows.ts'
import { Surplus } from './surplus.ts'
import { type TargetId, TargetTable } from './targets.ts'

/** What holds for all routes: whose they are, what is kept out, how next hops are found. */
export interface FibRules extends IntentRules {
  readonly ownership: Ownership
  readonly guard: Guard
}

/** Numbers are swept when this many more have been given out than were in use. */
const SWEEP_AFTER = 4096

/**
 * What the kernel should hold and what it holds, with the differences always at hand. Pure: what is wanted is told
 * here, what is there in `observed.ts`, and `changes.ts` makes batches of the difference.
 *
 * A change of rules or links concerns every route; `revisit` judges them anew, some at a time.
 */
export class Fib {
  rules: FibRules
  readonly targets = new TargetTable()
  readonly intents: Intents
  readonly rows: Readonly<Record<Family, RouteRows>>
  readonly groups: Groups
  readonly foreign = new ForeignRoutes()
  readonly surplus = new Surplus()
  /** Routes left by an earlier run stay until all that will be wanted is known. */
  holdsLeftovers = true

  #blackhole: TargetId = 0
  #blackholes: ReadonlySet<Prefix> = new Set()
  #pass: Pass | undefined
  #sweepAt = SWEEP_AFTER

  /** `seed` keeps peers from choosing prefixes that collide. */
  constructor(rules: FibRules, seed: number, hasGroups = false) {
    this.rules = rules
    this.groups = new Groups(this.targets, hasGroups)
    this.intents = new Intents(this.targets, this.groups, rules)
    const plan = {
      targetOf: (intent: number) => this.intents.targetOf(intent),
      blackhole: () => this.#blackhole,
      moved: (from: TargetId, to: TargetId) => this.groups.routeMoved(from, to),
    }
    this.rows = { 4: new RouteRows(4, seed, plan), 6: new RouteRows(6, seed, plan) }
    this.#blackhole = this.#blackholeTarget()
  }

  /** Differences that wait to be sent. */
  get pending(): number {
    const surplus = this.holdsLeftovers ? 0 : this.surplus.size
    return this.rows[4].pending + this.rows[6].pending + this.groups.pending + surplus
  }

  /** Rows the kernel refused, and that wait for the next try. */
  get parked(): number {
    return this.rows[4].parked + this.rows[6].parked
  }

  want(prefix: PrefixWords, nextHops: readonly NextHop[], metric: number | undefined, namedByPolicy: boolean): void {
    const rows = this.rows[prefix.family]
    const intent = this.intents.intern(nextHops, metric)
    const id = rows.row(prefix)
    rows.wanted[id] = intent
    rows.clear(id, Mark.Blocked | Mark.Leftover | Mark.Named)
    if (namedByPolicy) rows.set(id, Mark.Named)
    this.#guard(rows, id, prefix)
    rows.setErrno(id, 0)
    rows.update(id)
  }

  unwant(prefix: PrefixWords): void {
    const rows = this.rows[prefix.family]
    const id = rows.find(prefix)
    if (id === 0 || rows.wanted[id] === 0) return
    rows.wanted[id] = 0
    rows.refusals[id] = 0
    rows.clear(id, Mark.Blocked | Mark.Named)
    rows.setErrno(id, 0)
    rows.update(id)
  }

  unwantAll(): void {
    this.setBlackholes([])
    this.dropLeftovers()
    this.retryFailed()
    const prefix = emptyPrefix(4)
    for (const { table } of [this.rows[4], this.rows[6]]) {
      for (let id = 1; id < table.end; id++) if (table.has(id)) this.unwant(table.read(id, prefix))
    }
  }

  setBlackholes(prefixes: readonly Prefix[]): void {
    const wanted = new Set(prefixes)
    for (const each of this.#blackholes) if (!wanted.has(each)) this.#pin(prefixWords(each), false)
    for (const each of wanted) if (!this.#blackholes.has(each)) this.#pin(prefixWords(each), true)
    this.#blackholes = wanted
  }

  setRules(rules: FibRules): void {
    const { guard } = this.rules
    const blackhole = this.#blackhole
    this.rules = rules
    this.#blackhole = this.#blackholeTarget()
    const moved = this.intents.resolveAll(rules)
    const retry = this.parked > 0
    if (moved || retry || guard !== rules.guard || blackhole !== this.#blackhole) this.#startPass({ retry })
  }

  /** All that will be wanted is wanted: what is left of an earlier run may go. */
  dropLeftovers(): void {
    if (!this.holdsLeftovers) return
    this.holdsLeftovers = false
    this.#startPass({})
  }

  /** What the kernel refused is tried again. */
  retryFailed(): void {
    if (this.parked > 0) this.#startPass({ retry: true })
  }

  /** A dump begins: what it does not show is not there. */
  forgetSeen(): void {
    for (const { marks } of [this.rows[4], this.rows[6]])
      for (let id = 0; id < marks.length; id++) marks[id]! &= ~Mark.Seen
  }

  /** The dump is over. */
  judgeUnseen(): void {
    this.#startPass({ unseen: true })
  }

  /** A pass over the rows is not over. */
  get revisiting(): boolean {
    return this.#pass !== undefined
  }

  /** Goes on with the pass for so many rows; true when more wait. */
  revisit(limit: number): boolean {
    for (let left = limit; this.#pass !== undefined && left > 0; ) {
      const rows = this.rows[this.#pass.family]
      const end = Math.min(rows.table.end, this.#pass.next + left)
      left -= end - this.#pass.next
      for (let id = this.#pass.next; id < end; id++) if (rows.table.has(id)) this.#judge(rows, id, this.#pass)
      this.#pass = advance(this.#pass, end, rows.table.end)
    }
    return this.#pass !== undefined
  }

  /** Frees numbers nothing uses, when there may be many. No batch may be under way. */
  sweep(): void {
    if (this.intents.end + this.targets.end < this.#sweepAt) return
    const intents = new Uint8Array(this.intents.end)
    const targets = new Uint8Array(this.targets.end)
    targets[this.#blackhole] = 1
    for (const { wanted, actual } of [this.rows[4], this.rows[6]]) {
      for (const id of wanted) intents[id] = 1
      for (const id of actual) targets[id] = 1
    }
    this.intents.sweep(intents)
    for (let id = 1; id < intents.length; id++) if (intents[id] !== 0) targets[this.intents.targetOf(id)] = 1
    this.targets.sweep(targets)
    this.groups.swept()
    this.#sweepAt = this.intents.end + this.targets.end + SWEEP_AFTER
  }

  #pin(prefix: PrefixWords, pinned: boolean): void {
    const rows = this.rows[prefix.family]
    const id = rows.row(prefix)
    if (pinned) rows.set(id, Mark.Pinned)
    else rows.clear(id, Mark.Pinned)
    rows.clear(id, Mark.Blocked | Mark.Leftover)
    rows.setErrno(id, 0)
    rows.update(id)
  }

  #judge(rows: RouteRows, id: PrefixId, pass: Pass): void {
    if (pass.unseen && !rows.has(id, Mark.Seen)) rows.setActual(id, 0)
    if (pass.retry) rows.setErrno(id, 0)
    if (rows.wanted[id] !== 0) this.#guard(rows, id, rows.table.read(id, this.#scratch))
    // Whether it still is blocked is seen when it is its turn.
    rows.clear(id, this.holdsLeftovers ? Mark.Blocked : Mark.Blocked | Mark.Leftover)
    rows.update(id)
  }

  #scratch = emptyPrefix(4)

  #guard(rows: RouteRows, id: PrefixId, prefix: PrefixWords): void {
    const refusal = this.rules.guard.refusal(prefix, rows.has(id, Mark.Named))
    rows.refusals[id] = refusal === undefined ? 0 : refusalCode(refusal)
  }

  #blackholeTarget(): TargetId {
    return this.targets.intern('blackhole', this.rules.metric, new NextHopWords())
  }

  /** Rows before the old pass's place must be seen again, and what it had still to do must not be lost. */
  #startPass(what: Partial<Pick<Pass, 'unseen' | 'retry'>>): void {
    const { unseen = false, retry = false } = this.#pass ?? {}
    this.#pass = { family: 4, next: 1, unseen: unseen || what.unseen === true, retry: retry || what.retry === true }
  }
}

interface Pass {
  readonly family: Family
  readonly next: PrefixId
  /** Rows the dump has not shown are gone. */
  readonly unseen: boolean
  /** Rows the kernel refused are tried again. */
  readonly retry: boolean
}

function advance(pass: Pass, next: PrefixId, end: PrefixId): Pass | undefined {
  if (next < end) return { ...pass, next }
  return pass.family === 4 ? { ...pass, family: 6, next: 1 } : undefined
}
