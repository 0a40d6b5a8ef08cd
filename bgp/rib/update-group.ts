import { type Column32, grow32 } from '../../routing/ip/columns.ts'
import type { PrefixId } from '../../routing/ip/prefix-table.ts'
import type { AttributesTable, SetId } from './attributes-table.ts'
import { Buckets } from './buckets.ts'
import { ChunkLog, type Reader } from './chunk-log.ts'
import { Exporter, type ExportProfile, mayExport } from './export.ts'
import { SetFlag } from './fields.ts'
import { BestRoutes, FewPaths, type Ids, type OutRoutes } from './out-routes.ts'
import type { Rib } from './rib.ts'
import { type UpdateChunk, UpdatePacker } from './update-packer.ts'

/** The export side of policy: the set to tell of this prefix, or 0. */
export type ExportFilter = (prefix: PrefixId, set: SetId) => SetId

/** A member, as the group sees it. */
export interface Recipient extends Reader {
  /** Slot of the peer's own routes. */
  readonly slot: number
  /** Gets what is made for it alone. */
  deliver(chunk: UpdateChunk): void
}

export interface GroupRules {
  readonly profile: ExportProfile
  /** Most paths of a prefix, each with its identifier (RFC 7911); absent: the best one, without. */
  readonly paths?: number
  /** Learned routes may leave (RFC 8212: to external peers only with a policy). */
  readonly passLearned: boolean
  /** What the group is told of our own routes; replaced when the configuration changes. */
  readonly originations: ReadonlyMap<PrefixId, SetId>
  readonly filter: ExportFilter | undefined
  /** Called when the group is given up. */
  readonly dispose: () => void
}

/** What a member that is behind has not been sent, by versions of the group. */
export interface Missed {
  readonly announcedSince: number
  /** Older than `announcedSince` never: what it is told again it need not be told to forget. */
  readonly withdrawnSince: number
  /** What changed after this is left to the next round, which begins here: else it would be told twice. */
  readonly until: number
}

const NONE = 0
/** Routes looked at in one step of a catch-up. */
const WINDOW = 32_768

/**
 * Adj-RIB-Out of all peers that are told the same: one row per prefix (or path), one serialization, the same octets to every
 * member. A member's own routes are left out when its copy is written.
 *
 *     dirty routes → export → told[] → buckets by attribute set → packer → log → live members, in turn
 *                                  └──── changedAt[] ─────────────────────→ members that are behind, at their own pace
 */
export class UpdateGroup {
  readonly key: string
  readonly members = new Set<Recipient>()
  readonly chunks = new ChunkLog()
  /** Counts flushes that changed something; `changedAt` of a route is the flush in which `told` last changed. */
  version = 1
  /** The first scan of the RIB is done. */
  primed = false
  readonly #routes: OutRoutes
  readonly #sets: AttributesTable
  readonly #packer: UpdatePacker
  readonly #exporter: Exporter
  readonly #rules: GroupRules
  #told: Column32 = new Uint32Array(1024)
  #changedAt: Column32 = new Uint32Array(1024)
  #toldCount = 0
  /** By source slot, so that a member's share can be taken off. */
  #toldBySource: Column32 = new Uint32Array(64)
  readonly #announced = new Buckets()
  readonly #withdrawn = new Buckets()
  /** Who is caught up; otherwise what is packed goes to the log. */
  #recipient: Recipient | undefined
  /** The one live member that what is packed is for. */
  #only: number | undefined

  constructor(key: string, rib: Rib, sets: AttributesTable, rules: GroupRules) {
    this.key = key
    this.#routes = rules.paths === undefined ? new BestRoutes(rib) : new FewPaths(rib, rules.paths)
    this.#sets = sets
    this.#rules = rules
    this.#exporter = new Exporter(sets, rib.family, rules.profile)
    this.#packer = new UpdatePacker(rib, this.tellsPaths, this.#exporter, rules.profile.maxMessage, (chunk) =>
      this.#deliver(chunk),
    )
  }

  /** Its ids are of paths, not of prefixes. */
  get tellsPaths(): boolean {
    return this.#rules.paths !== undefined
  }

  /** Every id lies below this. */
  get end(): number {
    return this.#routes.end
  }

  /** Routes told to a member. */
  toldTo(slot: number): number {
    return this.#toldCount - (this.#toldBySource[slot] ?? 0)
  }

  /** The set told of the route, 0 for none. */
  toldSet(id: number): SetId {
    return id < this.#told.length ? this.#told[id]! : NONE
  }

  /** Ids of the prefix's routes. */
  routesTo(prefix: PrefixId): Iterable<number> {
    return this.#routes.of(prefix)
  }

  /** Brings `told` up to date for what changed, and logs that for the live members. Hot. */
  process(dirty: Ids): void {
    const { ids, count } = this.#routes.affected(dirty)
    this.#growTo(this.#routes.capacity)
    for (let i = 0; i < count; i++) this.#update(ids[i]!)
    if (this.#announced.size + this.#withdrawn.size === 0) return
    this.version++
    if (this.#liveSlots().size > 0) this.#pack()
    this.#announced.clear()
    this.#withdrawn.clear()
  }

  /**
   * One step of a catch-up: sends `member` the current state of up to WINDOW routes from `cursor` of which it missed
   * something. Returns where to go on; 0 at the end.
   */
  catchUp(member: Recipient, cursor: number, missed: Missed): number {
    const { announcedSince, withdrawnSince, until } = missed
    const end = Math.min(this.end, this.#told.length)
    let found = 0
    let id = cursor
    for (; id < end && found < WINDOW; id++) {
      const changedAt = this.#changedAt[id]!
      if (changedAt <= announcedSince || changedAt > until) continue
      const set = this.#told[id]!
      if (set !== NONE && this.#sets.source[set] !== member.slot) this.#announced.add(set, id)
      else if (changedAt > withdrawnSince) this.#withdrawn.add(0, id)
      else continue
      found++
    }
    this.#packFor(member)
    this.#announced.clear()
    this.#withdrawn.clear()
    return id >= end ? NONE : id
  }

  /** What a member with this slot has been told, or had been told before `heard`, the version up to which it is told. */
  *toldIds(slot: number, heard: number): Generator<number> {
    for (let id = 1; id < this.#told.length; id++) {
      const set = this.#told[id]!
      const isTold = set !== NONE && this.#sets.source[set] !== slot
      if (isTold || this.#changedAt[id]! > heard) yield id
    }
  }

  /** A set as the members see it, for views: the octets of its attributes (without MP_REACH_NLRI), and the next hop. */
  exported(set: SetId): { readonly octets: Uint8Array; readonly nextHop: Uint8Array | undefined } {
    const octets = new Uint8Array(this.#sets.lengthOf(set) * 2 + 256)
    return { octets: octets.subarray(0, this.#exporter.write(set, octets, 0)), nextHop: this.#exporter.nextHop(set) }
  }

  /** Sends withdrawals of these routes to one member. */
  withdrawFrom(member: Recipient, ids: Iterable<number>): void {
    for (const id of ids) this.#withdrawn.add(0, id)
    this.#packFor(member)
    this.#withdrawn.clear()
  }

  /** Gives up everything it refers to. */
  dispose(): void {
    for (const set of this.#told) if (set !== NONE) this.#sets.release(set)
    this.#told = new Uint32Array(0)
    this.#rules.dispose()
  }

  #update(id: number): void {
    const before = this.#told[id]!
    const now = this.#export(id)
    if (now === before) return
    this.#told[id] = now
    this.#changedAt[id] = this.version + 1
    const sourceBefore = before === NONE ? NONE : this.#sets.source[before]!
    if (now !== NONE) {
      const source = this.#sets.source[now]!
      this.#sets.retain(now)
      this.#count(source, 1)
      this.#announced.add(now, id)
      // Its own route replaces what the source had been told of somebody else's.
      if (before !== NONE && sourceBefore !== source) this.#withdrawn.add(source * 2 + 1, id)
    } else {
      this.#withdrawn.add(sourceBefore * 2, id)
    }
    if (before !== NONE) {
      this.#count(sourceBefore, -1)
      this.#sets.release(before)
    }
  }

  #export(id: number): SetId {
    const { profile, passLearned, originations, filter } = this.#rules
    let set = this.#routes.setOf(id)
    if (set === NONE) return NONE
    const flags = this.#sets.flags[set]!
    if ((flags & SetFlag.Local) !== 0) set = originations.get(this.#routes.prefixOf(id)) ?? NONE
    else if (!passLearned || !mayExport(flags, profile)) return NONE
    if (set !== NONE && filter !== undefined) set = filter(this.#routes.prefixOf(id), set)
    if (set === NONE) return NONE
    if (this.#exporter.nextHop(set) !== undefined && this.#packer.fits(set, this.#sets.lengthOf(set))) return set
    this.#sets.releaseUnused(set)
    return NONE
  }

  #count(source: number, by: number): void {
    this.#toldCount += by
    if (source >= this.#toldBySource.length) this.#toldBySource = grow32(this.#toldBySource, source * 2)
    this.#toldBySource[source]! += by
  }

  /**
   * Packs the buckets. Keys of withdrawals are the slot of the route's source × 2, for all members but that one, or
   * × 2 + 1 for that one alone.
   */
  #pack(): void {
    this.#packWithdrawals()
    for (let i = 0; i < this.#announced.keyCount; i++) {
      const set = this.#announced.keyAt(i)
      this.#packer.announce(set, this.#sets.source[set]!, this.#sets.lengthOf(set), this.#announced, set)
    }
    this.#packer.flush()
  }

  #packFor(member: Recipient): void {
    this.#recipient = member
    this.#pack()
    this.#recipient = undefined
  }

  #packWithdrawals(): void {
    const targeted: number[] = []
    for (let i = 0; i < this.#withdrawn.keyCount; i++) {
      const key = this.#withdrawn.keyAt(i)
      if ((key & 1) === 1) targeted.push(key)
      else this.#packer.withdraw(key >> 1, this.#withdrawn, key)
    }
    this.#packer.flush()
    if (targeted.length === 0) return
    const slots = this.#liveSlots()
    for (const key of targeted) {
      if (!slots.has(key >> 1)) continue
      this.#only = key >> 1
      this.#packer.withdraw(NONE, this.#withdrawn, key)
      this.#packer.flush()
    }
    this.#only = undefined
  }

  #deliver(chunk: UpdateChunk): void {
    if (this.#recipient !== undefined) this.#recipient.deliver(chunk)
    else this.chunks.append({ chunk, version: this.version, only: this.#only })
  }

  #liveSlots(): Set<number> {
    const slots = new Set<number>()
    for (const { live, slot } of this.members) if (live) slots.add(slot)
    return slots
  }

  #growTo(rows: number): void {
    if (this.#told.length >= rows) return
    this.#told = grow32(this.#told, rows)
    this.#changedAt = grow32(this.#changedAt, rows)
  }
}
