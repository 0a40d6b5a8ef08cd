import type { AttributesTable } from './attributes-table.ts'
import { DirtyList } from './dirty-list.ts'
import { GroupMember, type MemberSink } from './group-member.ts'
import type { Ids } from './out-routes.ts'
import type { Rib } from './rib.ts'
import { inTurn, ROUND_OCTETS, WRITE_OCTETS } from './rounds.ts'
import { type GroupRules, UpdateGroup } from './update-group.ts'

/** Prefixes looked at in one step of a group's first scan. */
const PRIMING_SLICE = 65_536
/** Prefixes, and paths, freed in one step. */
const LIMBO_SLICE = 20_000

const NOTHING: Ids = { ids: new Uint32Array(0), count: 0 }

/** All update groups of one family, and the life of prefixes: an id is freed when no group and no consumer needs it. */
export class Distribution {
  readonly rib: Rib
  readonly #sets: AttributesTable
  readonly #groups = new Map<string, UpdateGroup>()
  readonly #members = new Set<GroupMember>()
  #stepped: GroupMember | undefined
  readonly #priming = new Map<UpdateGroup, number>()
  /** Prefixes without paths that some member that is behind may still have to hear withdrawn. */
  readonly #limbo = new DirtyList()
  /** The same of paths that are gone. */
  readonly #pathLimbo = new DirtyList()

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
      if (group.tellsPaths) this.rib.pathsTold = true
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
    if (group.tellsPaths) this.rib.pathsTold = [...this.#groups.values()].some(({ tellsPaths }) => tellsPaths)
    this.#priming.delete(group)
  }

  /** Brings every group up to date with what changed in the RIB. */
  flush(): void {
    const { rib } = this
    const paths = rib.dirtyPaths.length === 0 ? NOTHING : rib.dirtyPaths.takeAll()
    const prefixes = rib.dirty.takeAll()
    const { ids, count } = prefixes
    if (count + paths.count === 0) return
    for (const group of this.#groups.values()) group.process(group.tellsPaths ? paths : prefixes)
    const lagging = this.#isLagging()
    for (let i = 0; i < paths.count; i++) {
      const row = paths.ids[i]!
      if (!rib.isGone(row)) continue
      if (lagging) this.#pathLimbo.add(row)
      else rib.releasePath(row)
    }
    // A prefix that has lost its last path is among them.
    for (let i = 0; i < count; i++) {
      const prefix = ids[i]!
      if (!rib.isEmpty(prefix)) continue
      if (lagging || rib.feedDirty.has(prefix)) this.#limbo.add(prefix)
      else rib.releasePrefix(prefix)
    }
  }

  /** Serves live members, and takes a step for everybody who is behind; true when there is more to do at once. */
  advance(): boolean {
    for (const [group, from] of this.#priming) this.#prime(group, from)
    let more = this.#priming.size > 0
    for (const group of this.#groups.values()) if (group.chunks.serve(group.members)) more = true
    if (this.#feedTheHungry()) more = true
    return this.#leaveLimbo() || more
  }

  /** True when somebody could take a step at once. */
  #feedTheHungry(): boolean {
    let left = ROUND_OCTETS
    let more = false
    for (const member of inTurn(this.#members, this.#stepped)) {
      if (member.hungry && left > 0) {
        left -= WRITE_OCTETS + member.step()
        this.#stepped = member
      }
      more ||= member.hungry
    }
    return more
  }

  #prime(group: UpdateGroup, from: number): void {
    const end = Math.min(group.end, from + PRIMING_SLICE)
    const ids = new Uint32Array(Math.max(0, end - from))
    for (let i = 0; i < ids.length; i++) ids[i] = from + i
    group.process({ ids, count: ids.length })
    if (end < group.end) this.#priming.set(group, end)
    else {
      this.#priming.delete(group)
      group.primed = true
    }
  }

  #isLagging(): boolean {
    for (const member of this.#members) if (member.lags) return true
    return false
  }

  /** In slices too, for a million prefixes may leave at once. True when it is worth going on. */
  #leaveLimbo(): boolean {
    const before = this.#pathLimbo.length + this.#limbo.length
    if (before === 0 || this.#isLagging()) return false
    this.#pathLimbo.drain(LIMBO_SLICE, (row) => {
      const emptied = this.rib.releasePath(row)
      if (emptied !== 0) this.#limbo.add(emptied)
    })
    this.#limbo.drain(LIMBO_SLICE, (prefix) => {
      if (this.rib.feedDirty.has(prefix) || this.rib.dirty.has(prefix)) this.#limbo.add(prefix)
      else this.rib.releasePrefix(prefix)
    })
    const left = this.#pathLimbo.length + this.#limbo.length
    return left < before && left > 0
  }
}
