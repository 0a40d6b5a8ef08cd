import { type Address, addressWords } from '../../routing/ip/address.ts'
import type { FamilyName, PeerConfig, PeerFamilyStatus } from '../contract.ts'
import type { SetSource } from '../rib/fields.ts'
import type { GroupMember } from '../rib/group-member.ts'
import { RowFlag } from '../rib/path-rows.ts'
import type { Rib } from '../rib/rib.ts'
import type { Negotiated } from '../session/session.ts'
import type { Finding } from '../wire/attributes/check.ts'
import type { FamilyRow } from '../wire/families.ts'
import { roleRow } from '../wire/roles.ts'
import { PeerExports } from './exports.ts'
import { PeerImports } from './imports.ts'
import { makeLongLived } from './long-lived.ts'
import { type RouteChannel, type RouteContext, speakerClusterId } from './route-context.ts'

export interface PeerRouteEvents {
  /** RFC 7606: what was wrong, and the attributes it was wrong in (valid during the call). */
  discarded(findings: readonly Finding[], octets: Uint8Array): void
  endOfRib(family: FamilyRow): void
}

/** Kinds of discarded things that are counted one by one. */
const MOST_DISCARDED = 64

/** A peer's side of the RIB: what it tells us, what it is told. Lives as long as the peer; sessions come and go. */
export class PeerRoutes {
  readonly #context: RouteContext
  readonly #events: PeerRouteEvents
  #config: PeerConfig
  #slot = 0
  #source: SetSource | undefined
  #imports: PeerImports | undefined
  #exports: PeerExports | undefined
  #families: readonly FamilyRow[] = []
  readonly #ended = new Set<FamilyRow>()
  /** The peer says by End-of-RIB that it has told everything. */
  #endsRibs = false
  /** Routes were kept over a restart and not all have been looked at since. */
  #mayBeStale = false
  readonly #discarded = new Map<string, number>()

  constructor(config: PeerConfig, context: RouteContext, events: PeerRouteEvents) {
    this.#config = config
    this.#context = context
    this.#events = events
  }

  get slot(): number {
    return this.#slot
  }

  /** A session is up: routes are taken in, and everything there is goes out. */
  up(negotiated: Negotiated, channel: RouteChannel): void {
    this.#families = negotiated.families
    this.#endsRibs = negotiated.gracefulRestart !== undefined
    this.#ended.clear()
    this.#takeSlot(negotiated, channel)
    this.#imports = new PeerImports(this.#context, this.#config, this.#source!, negotiated, channel, {
      endOfRib: (family) => this.#endOfRib(family),
      discarded: (findings, octets) => this.#discard(findings, octets),
    })
    this.#exports = new PeerExports(this.#context, this.#config, this.#slot, negotiated, channel)
    this.#context.kick()
  }

  /**
   * The session is over. Routes of the families in `keep` stay, marked stale, until `sweepStale` (RFC 4724, section 4.2);
   * those that are stale already only when they may be so `again`.
   */
  down(keep: readonly FamilyRow[] = [], again = false): void {
    this.#exports?.leave()
    this.#imports?.leave()
    this.#exports = undefined
    this.#imports = undefined
    this.#families = []
    for (const rib of this.#context.tables.ribs.values()) {
      const kept = keep.includes(rib.family)
      this.#mark(rib, (flags) => (kept && (again || (flags & RowFlag.Stale) === 0) ? RowFlag.Stale : RowFlag.Doomed))
    }
    this.#sweepDoomed()
    this.#mayBeStale = keep.length > 0
    if (keep.length === 0) this.#giveSlotBack()
    this.#context.kick()
  }

  /** What is still stale goes: after End-of-RIB, or when the time for the restart is over. */
  sweepStale(family?: FamilyRow): void {
    if (!this.#mayBeStale) return
    const { ribs } = this.#context.tables
    for (const rib of family === undefined ? ribs.values() : [ribs.get(family.name)!]) {
      this.#mark(rib, (flags) => ((flags & RowFlag.Stale) === 0 ? 0 : RowFlag.Doomed))
    }
    this.#sweepDoomed()
    if (family === undefined) this.#mayBeStale = false
    this.#context.kick()
  }

  /** What is stale of the family becomes the last choice (RFC 9494). */
  makeLongLived(family: FamilyRow): void {
    makeLongLived(this.#context, this.#slot, this.#context.tables.ribs.get(family.name)!)
  }

  /** A refresh may begin: the peer has told what it has, as far as can be known (RFC 7313, section 4). */
  hasBeenTold(family: FamilyRow): boolean {
    return this.#families.includes(family) && (!this.#endsRibs || this.#ended.has(family))
  }

  /** The peer tells the family again; what it does not repeat goes with `dropUntold`. */
  expectAgain(family: FamilyRow): void {
    this.#mark(this.#context.tables.ribs.get(family.name)!, () => RowFlag.Awaited)
  }

  /** How many routes that is. */
  dropUntold(family: FamilyRow): number {
    let untold = 0
    this.#mark(this.#context.tables.ribs.get(family.name)!, (flags) => {
      if ((flags & RowFlag.Awaited) === 0) return 0
      untold++
      return RowFlag.Doomed
    })
    this.#sweepDoomed()
    this.#context.kick()
    return untold
  }

  receive(octets: Uint8Array, start: number, end: number): void {
    this.#imports?.receive(octets, start, end)
    this.#context.kick()
  }

  /** The peer wants everything again (RFC 2918). */
  refresh(family: FamilyRow): void {
    this.#exports?.refresh(family)
    this.#context.kick()
  }

  drained(): void {
    this.#exports?.drained()
    this.#context.kick()
  }

  /** Sends the End-of-RIBs that had to wait. */
  endRibs(): void {
    this.#exports?.endRibs()
  }

  /** New options for a session that goes on: policies are applied to what is there, exports move to their new group. */
  reconfigure(config: PeerConfig): void {
    this.#config = config
    this.#imports?.reconfigure(config)
    this.#exports?.reconfigure(config)
    this.#context.kick()
  }

  status(): PeerFamilyStatus[] {
    return this.#families.map((family) => {
      const rib = this.#context.tables.ribs.get(family.name)!
      return {
        family: family.name,
        received: rib.received[this.#slot] ?? 0,
        accepted: rib.accepted[this.#slot] ?? 0,
        ...(this.overLimitOf(family.name) > 0 && { overLimit: this.overLimitOf(family.name) }),
        advertised: this.memberOf(family.name)?.group.toldTo(this.#slot) ?? 0,
        endOfRibReceived: this.#ended.has(family),
      }
    })
  }

  get discarded(): { what: string; count: number }[] {
    return Array.from(this.#discarded, ([what, count]) => ({ what, count }))
  }

  endOfRibReceived(): boolean {
    return this.#families.every((family) => this.#ended.has(family))
  }

  /** The member of the family's update group, for views. */
  memberOf(family: FamilyName): GroupMember | undefined {
    return this.#exports?.memberOf(family)
  }

  get attributeOctets(): number {
    return this.#context.tables.sets.octetsFrom(this.#slot)
  }

  /** Prefixes held of one family, for limits: those that have been here before are counted apart, and no less. */
  heldOf(family: FamilyRow): number {
    const { received, toldBack } = this.#context.tables.ribs.get(family.name)!
    const back = toldBack[this.#slot] ?? 0
    return Math.max((received[this.#slot] ?? 0) - back, back)
  }

  /** Announcements dropped for being over the limit. */
  overLimitOf(family: FamilyName): number {
    return this.#imports?.overLimit.get(family) ?? 0
  }

  /** The peer is to tell everything once more (RFC 2918), if it can. */
  askAgain(family: FamilyRow): void {
    this.#imports?.askAgain(family)
  }

  /** A limit has become lower: what is over it goes. */
  trim(family: FamilyRow, limit: number): void {
    const rib = this.#context.tables.ribs.get(family.name)!
    const held = { own: 0, others: 0 }
    let over = 0
    this.#mark(rib, (flags) => {
      if (++held[(flags & RowFlag.ToldBack) === 0 ? 'others' : 'own'] <= limit) return 0
      over++
      return RowFlag.Doomed
    })
    if (over === 0) return
    this.#imports?.overLimit.set(family.name, this.overLimitOf(family.name) + over)
    this.#sweepDoomed()
    this.#context.kick()
  }

  /** Keeps the slot over a restart of the same peer, so that its new routes replace the stale ones. */
  #takeSlot(negotiated: Negotiated, channel: RouteChannel): void {
    const wanted = this.#sourceFor(negotiated, channel)
    if (this.#slot !== 0) {
      if (JSON.stringify({ ...this.#source, slot: 0 }) === JSON.stringify(wanted)) return
      this.#dropRoutes()
    }
    const { remoteAddress: address } = this.#config
    this.#slot = this.#context.tables.takeSlot((slot) => {
      this.#source = { ...wanted, slot }
      return { name: this.#config.name, address, source: this.#source }
    })
  }

  #dropRoutes(): void {
    for (const rib of this.#context.tables.ribs.values()) this.#mark(rib, () => RowFlag.Doomed)
    this.#sweepDoomed()
    this.#giveSlotBack()
  }

  /**
   * What becomes of the routes is decided here, at once; only the work is left to a sweep. A sweep that decided row by
   * row would meet routes that were announced after its cause, by a peer that is back or by the next owner of the slot.
   */
  #mark(rib: Rib, flagFor: (flags: number) => number): void {
    if ((rib.received[this.#slot] ?? 0) === 0) return
    rib.sweep(this.#slot, 1, Number.POSITIVE_INFINITY, (row) => rib.mark(row, flagFor(rib.flagsOf(row))))
  }

  #sweepDoomed(): void {
    this.#context.sweeps.start(this.#slot, this.#context.tables.ribs.values(), (rib, row) => {
      if ((rib.flagsOf(row) & RowFlag.Doomed) !== 0) rib.remove(row)
    })
  }

  #giveSlotBack(): void {
    if (this.#slot !== 0) this.#context.tables.retireSlot(this.#slot)
    this.#slot = 0
  }

  #sourceFor(negotiated: Negotiated, channel: RouteChannel): SetSource {
    const config = this.#context.config()
    const [remoteIdentifier = 0] = addressWords(negotiated.remoteBgpIdentifier)
    const [localIdentifier = 0] = addressWords(config.bgpIdentifier)
    const clusterIdOf = (one: { readonly clusterId?: Address }) =>
      addressWords(one.clusterId ?? speakerClusterId(config))[0]!
    const clusters = [{}, ...config.peers, ...config.listenRanges].map(clusterIdOf)
    return {
      slot: 0,
      external: negotiated.type === 'external',
      local: false,
      client: negotiated.type === 'internal' && this.#config.routeReflectorClient,
      localAsn: this.#config.localAsn,
      allowOwnAsn: this.#config.allowOwnAsn,
      remoteAsn: negotiated.remoteAsn,
      role: negotiated.type === 'external' ? roleRow(this.#config.role) : undefined,
      remoteIdentifier,
      localIdentifier,
      clusterId: clusterIdOf(this.#config),
      ownClusterIds: [...new Set(clusters)].sort((a, b) => a - b),
      interfaceName: channel.interfaceName,
    }
  }

  #endOfRib(family: FamilyRow): void {
    this.#ended.add(family)
    this.#events.endOfRib(family)
  }

  #discard(findings: readonly Finding[], octets: Uint8Array): void {
    for (const { what, remedy } of findings) {
      const exact = `${what} (${remedy})`
      // The texts hold numbers that the peer chooses.
      const key = this.#discarded.has(exact) || this.#discarded.size < MOST_DISCARDED ? exact : 'others'
      this.#discarded.set(key, (this.#discarded.get(key) ?? 0) + 1)
    }
    this.#events.discarded(findings, octets)
  }
}
