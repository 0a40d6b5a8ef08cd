import type { Fib } from './fib.ts'
import type { KernelRoute } from './kernel-routes.ts'
import { type Ownership, owns } from './ownership.ts'
import { Mark, type RouteRows } from './route-rows.ts'
import type { TargetId } from './targets.ts'

/** Takes what the kernel tells of its routes into the FIB. */
export class Observed {
  #fib: Fib
  /** Ownerships of earlier configurations: what they left is removed wherever it shows up. */
  #former: readonly Ownership[] = []

  constructor(fib: Fib) {
    this.#fib = fib
  }

  abandon(former: Ownership): void {
    this.#former = [...this.#former, former]
  }

  beginDump(): void {
    this.#fib.foreign.beginDump()
    this.#fib.surplus.clear()
    this.#fib.forgetSeen()
  }

  endDump(): void {
    this.#fib.foreign.endDump()
    this.#fib.judgeUnseen()
  }

  /** A route is there: a dump shows it, or somebody has put it there. */
  there(route: KernelRoute): 'own' | 'foreign' {
    const { ownership } = this.#fib.rules
    if (owns(ownership, route)) {
      this.#own(route)
      return 'own'
    }
    const former = this.#former.find((each) => owns(each, route))
    if (former !== undefined) {
      this.#fib.surplus.add(route.prefix, route.metric, former)
      return 'own'
    }
    this.#fib.foreign.add(route)
    if (route.replaces && route.table === ownership.table) this.#lose(route)
    return 'foreign'
  }

  /** Somebody, or the kernel itself, has removed a route. */
  gone(route: KernelRoute): 'own' | 'foreign' {
    const { ownership } = this.#fib.rules
    if (owns(ownership, route)) {
      this.#lose(route)
      this.#fib.surplus.remove(route)
      return 'own'
    }
    this.#fib.foreign.remove(route)
    const rows = this.#fib.rows[route.prefix.family]
    const id = rows.find(route.prefix)
    if (id !== 0 && rows.has(id, Mark.Blocked)) {
      rows.clear(id, Mark.Blocked)
      rows.update(id)
    }
    return 'foreign'
  }

  #own(route: KernelRoute): void {
    const fib = this.#fib
    const rows = fib.rows[route.prefix.family]
    const target = fib.targets.intern(route.strange ? 'other' : route.type, route.metric, route.nextHops)
    const id = rows.row(route.prefix)
    const kept = this.#oneOfTwo(rows, id, route, target)
    if (rows.has(id, Mark.InFlight)) rows.set(id, Mark.Touched)
    rows.actual[id] = kept
    rows.set(id, Mark.Seen)
    if (fib.holdsLeftovers && rows.wanted[id] === 0 && !rows.has(id, Mark.Pinned)) rows.set(id, Mark.Leftover)
    rows.update(id)
  }

  /** Two routes of ours for a prefix differ in metric; the one that is no use is surplus. */
  #oneOfTwo(rows: RouteRows, id: number, route: KernelRoute, target: TargetId): TargetId {
    const { targets, surplus, rules } = this.#fib
    const other = rows.has(id, Mark.Seen) ? rows.actual[id]! : 0
    if (other === 0 || targets.metricOf(other) === route.metric) return target
    const keepsOther = targets.metricOf(rows.desired(id)) === targets.metricOf(other)
    surplus.add(route.prefix, keepsOther ? route.metric : targets.metricOf(other), rules.ownership)
    return keepsOther ? other : target
  }

  /** The route we have at this prefix and metric is no more. */
  #lose(route: KernelRoute): void {
    const rows = this.#fib.rows[route.prefix.family]
    const id = rows.find(route.prefix)
    if (id === 0) return
    if (rows.has(id, Mark.InFlight)) rows.set(id, Mark.Touched)
    if (rows.actual[id] === 0 || this.#fib.targets.metricOf(rows.actual[id]!) !== route.metric) return
    rows.actual[id] = 0
    rows.update(id)
  }
}
