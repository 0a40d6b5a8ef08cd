import type { KernelGroup } from './kernel-routes.ts'
import type { GroupId } from './kernel-target.ts'
import { NextHopWords } from './next-hop-words.ts'
import type { RouteBatch } from './route-batch.ts'
import type { TargetId, TargetTable } from './targets.ts'

/** A part of the number space that other programs are unlikely to use: numbers of next-hop objects have no owner. */
export const FIRST_GROUP = 0x0b30_0000
const LAST_GROUP = 0x0b37_ffff
const ENOENT = 2

/**
 * The next-hop groups of ours in the kernel. A target has one, and its routes name it; so a target that leads elsewhere
 * than before is one message, however many routes it has. Groups are made with their first route and go with the last.
 */
export class Groups {
  /** Whether the kernel has them; without, routes name their next hops. */
  readonly enabled: boolean
  #targets: TargetTable
  /** What the kernel holds under our numbers. */
  #held = new Map<GroupId, NextHopWords>()
  #targetOf = new Map<GroupId, TargetId>()
  /** Kernel routes by the target they lead to. */
  #routes: number[] = []
  #moved = new Set<TargetId>()
  #unused = new Set<GroupId>()
  #namedByOthers = new Set<GroupId>()
  #last = FIRST_GROUP

  constructor(targets: TargetTable, enabled: boolean) {
    this.#targets = targets
    this.enabled = enabled
  }

  /** Targets that lead elsewhere than their groups in the kernel. */
  get pending(): number {
    return this.#moved.size
  }

  /** Can this target lead elsewhere and keep its routes? */
  isMovable(target: TargetId): boolean {
    const group = this.#targets.get(target)?.group
    return group !== undefined && this.#held.has(group)
  }

  move(target: TargetId, nextHops: NextHopWords): void {
    this.#targets.move(target, nextHops)
    this.#moved.add(target)
  }

  /** One route more leads to the one target, and one less to the other. */
  routeMoved(from: TargetId, to: TargetId): void {
    if (!this.enabled) return
    if (to !== 0) this.#routes[to] = (this.#routes[to] ?? 0) + 1
    if (from === 0 || --this.#routes[from]! > 0) return
    const group = this.#targets.get(from)?.group
    if (group !== undefined) this.#unused.add(group)
  }

  /** To be called before a route to this target is put into the batch: its group must be there first. */
  prepare(target: TargetId, batch: RouteBatch): void {
    if (!this.enabled) return
    const { type, group = this.#claim(target) } = this.#targets.get(target)!
    if (type !== 'unicast' || this.#held.has(group)) return
    if (!batch.groups.some(({ id }) => id === group)) this.#put(target, group, batch)
  }

  /** What has moved comes before everything else. */
  fillMoved(batch: RouteBatch): void {
    for (const target of this.#moved) {
      const group = this.#targets.get(target)?.group
      const held = group === undefined ? undefined : this.#held.get(group)
      if (group !== undefined && held !== undefined && !this.#isAsWanted(target, held)) this.#put(target, group, batch)
    }
    this.#moved.clear()
  }

  /** What no route names any more goes when nothing else is to be done. */
  fillUnused(batch: RouteBatch): void {
    for (const group of this.#unused) {
      const inUse = (this.#routes[this.#targetOf.get(group) ?? 0] ?? 0) > 0 || this.#namedByOthers.has(group)
      if (!inUse && this.#held.has(group)) batch.groups.push({ id: group, nextHops: [], exists: true, errno: 0 })
    }
    this.#unused.clear()
  }

  /** Takes in what came of the groups of a batch; how many failed. */
  settle(batch: RouteBatch): number {
    let failed = 0
    for (const { id, nextHops, errno } of batch.groups) {
      if (nextHops.length === 0 && (errno === 0 || errno === ENOENT)) this.#held.delete(id)
      else if (errno !== 0) failed++
      else this.#held.set(id, NextHopWords.of(nextHops))
    }
    return failed
  }

  /** The kernel tells all it has; nothing is sent until it is over. */
  beginDump(): void {
    this.#held.clear()
    this.#namedByOthers.clear()
  }

  found({ id, nextHops }: KernelGroup): void {
    if (id >= FIRST_GROUP && id <= LAST_GROUP) this.#held.set(id, nextHops.copy())
  }

  namedByOther(group: GroupId): void {
    if (group !== 0) this.#namedByOthers.add(group)
  }

  endDump(): void {
    for (const [group, held] of this.#held) {
      const target = this.#targetOf.get(group)
      if (target === undefined || (this.#routes[target] ?? 0) === 0) this.#unused.add(group)
      if (target !== undefined && !this.#isAsWanted(target, held)) this.#moved.add(target)
    }
  }

  /** The target of a kernel route of ours that names this group; undefined when it must be written anew. */
  targetOf(group: GroupId, metric: number): TargetId | undefined {
    const known = this.#targetOf.get(group)
    if (known !== undefined) return this.#targets.metricOf(known) === metric ? known : undefined
    const held = this.#held.get(group)
    if (held === undefined) return undefined
    const target = this.#targets.intern('unicast', metric, held)
    if (this.#targets.get(target)?.group !== undefined) return undefined
    this.#give(target, group)
    return target
  }

  /** Numbers of targets have been freed. */
  swept(): void {
    for (const [group, target] of this.#targetOf)
      if (this.#targets.get(target)?.group !== group) this.#targetOf.delete(group)
  }

  /** The groups there are belong to an ownership of before: targets get others. */
  disown(): void {
    for (const target of this.#targetOf.values()) this.#targets.setGroup(target, undefined)
    this.#targetOf.clear()
  }

  #put(target: TargetId, group: GroupId, batch: RouteBatch): void {
    const { nextHops } = this.#targets.get(target)!
    batch.groups.push({ id: group, nextHops, exists: this.#held.has(group), errno: 0 })
  }

  #isAsWanted(target: TargetId, held: NextHopWords): boolean {
    return this.#targets.leadsTo(target, 'unicast', this.#targets.metricOf(target), held)
  }

  /** A new number for the group of a target. */
  #claim(target: TargetId): GroupId {
    if (this.#targets.get(target)?.type !== 'unicast') return 0
    do this.#last = this.#last === LAST_GROUP ? FIRST_GROUP : this.#last + 1
    while (this.#held.has(this.#last) || this.#targetOf.has(this.#last))
    this.#give(target, this.#last)
    return this.#last
  }

  #give(target: TargetId, group: GroupId): void {
    this.#targets.setGroup(target, group)
    this.#targetOf.set(group, target)
  }
}
