import type { PrefixId } from '../../routing/ip/prefix-table.ts'
import type { AttributesTable } from './attributes-table.ts'
import { DirtyList } from './dirty-list.ts'
import { GroupMember, type MemberSink } from './group-member.ts'
import type { Rib } from './rib.ts'
import { type GroupRules, UpdateGroup } from './update-group.ts'

/** Prefixes looked at in one step of a group's first scan. */
const PRIMING_SLICE = 65_536
/** Prefixes freed in one step. */
const LIMBO_SLICE = 20_000

/** All update groups of one family, and the life of prefixes: an id is freed when no group and no consumer needs it. */
export class Distribution {
  readonly rib: Rib
  readonly #sets: AttributesTable
  readonly #groups = new Map<string, UpdateGroup>()
  readonly #members = new Set<GroupMember>()
  readonly #priming = new Map<UpdateGroup, PrefixId>()
  /** Prefixes without paths that some member that is behind may still have to hear withdrawn. */
  readonly #limbo = new DirtyList()

  constructor(rib: Rib, sets: AttributesTable) {
    this.rib = rib
    this.#sets = sets
  }

  /** Adds a member to the group with this key, which is made when there is none. It is told everything from the start. */
  join(key: string, rules: () => GroupRules, slot: number, sink: MemberSink): GroupMember {
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = new UpdateGroup(key, this.rib, this.#sets, rules())
      this.#groups.set(key, group)
      this.#priming.set(group, 1)
    }
    const member = new GroupMember(group, slot, sink)
    group.members.add(member)
    this.#members.add(member)
    return member
  }

  /** A group without members is given up. */
  leave(member: GroupMember): void {
    const { group } = member
    group.members.delete(member)
    this.#members.delete(member)
    if (group.members.size > 0) return
    group.dispose()
    this.#groups.delete(group.key)
    this.#priming.delete(group)
  }

  /** Prefixes of which the groups have not heard yet. */
  get waiting(): number {
    return this.rib.dirty.length
  }

  /** Brings every group up to date with what changed in the RIB. */
  flush(): void {
    const { ids, count } = this.rib.dirty.takeAll()
    if (count === 0) return
    for (const group of this.#groups.values()) group.process(ids, count)
    const lagging = this.#isLagging()
    for (let i = 0; i < count; i++) {
      const prefix = ids[i]!
      if (!this.rib.isEmpty(prefix)) continue
      if (lagging || this.rib.feedDirty.has(prefix)) this.#limbo.add(prefix)
      else this.rib.releasePrefix(prefix)
    }
  }

  /** One step for everybody who is behind; true when there is more to do at once. */
  advance(): boolean {
    for (const [group, from] of this.#priming) this.#prime(group, from)
    let more = this.#priming.size > 0
    for (const member of this.#members) {
      if (member.hungry) member.step()
      more ||= member.hungry
    }
    return this.#leaveLimbo() || more
  }

  #prime(group: UpdateGroup, from: PrefixId): void {
    const end = Math.min(this.rib.prefixes.end, from + PRIMING_SLICE)
    const ids = new Uint32Array(Math.max(0, end - from))
    for (let i = 0; i < ids.length; i++) ids[i] = from + i
    group.process(ids, ids.length)
    if (end < this.rib.prefixes.end) this.#priming.set(group, end)
    else {
      this.#priming.delete(group)
      group.primed = true
    }
  }

  #isLagging(): boolean {
    for (const member of this.#members) if (!member.live) return true
    return false
  }

  /** In slices too, for a million prefixes may leave at once. True when it is worth going on. */
  #leaveLimbo(): boolean {
    if (this.#limbo.length === 0 || this.#isLagging()) return false
    const before = this.#limbo.length
    this.#limbo.drain(LIMBO_SLICE, (prefix) => {
      if (this.rib.feedDirty.has(prefix) || this.rib.dirty.has(prefix)) this.#limbo.add(prefix)
      else this.rib.releasePrefix(prefix)
    })
    return this.#limbo.length < before && this.#limbo.length > 0
  }
}
