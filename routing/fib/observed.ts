import type { Fib } from './fib.ts'
import type { KernelGroup, KernelRoute } from './kernel-routes.ts'
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
    this.#fib.groups.disown()
  }

  beginDump(): void {
    this.#fib.foreign.beginDump()
    this.#fib.groups.beginDump()
    this.#fib.surplus.clear()
    this.#fib.forgetSeen()
  }

  endDump(): void {
    this.#fib.foreign.endDump()
    this.#fib.groups.endDump()
    this.#fib.judgeUnseen()
  }

  foundGroup(group: KernelGroup): void {
    const protocols = [this.#fib.rules.ownership, ...this.#former].map(({ protocol }) => protocol)
    if (protocols.includes(group.protocol)) this.#fib.groups.found(group)
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
    this.#fib.groups.namedByOther(route.group)
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
    const target = this.#targetOf(route)
    const id = rows.row(route.prefix)
    const kept = this.#oneOfTwo(rows, id, route, target)
    if (rows.has(id, Mark.InFlight)) rows.set(id, Mark.Touched)
    rows.setActual(id, kept)
    rows.set(id, Mark.Seen)
    if (fib.holdsLeftovers && rows.wanted[id] === 0 && !rows.has(id, Mark.Pinned)) rows.set(id, Mark.Leftover)
    rows.update(id)
  }

  #targetOf(route: KernelRoute): TargetId {
    const { groups, targets } = this.#fib
    const named = route.strange || route.group === 0 ? undefined : groups.targetOf(route.group, route.metric)
    if (named !== undefined) return named
    // Of those with next hops all that are as they would be written name a group, or none does.
    const isOther = route.strange || route.group !== 0 || (groups.enabled && route.type === 'unicast')
    return targets.intern(isOther ? 'other' : route.type, route.metric, route.nextHops)
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
    rows.setActual(id, 0)
    rows.update(id)
  }
}
