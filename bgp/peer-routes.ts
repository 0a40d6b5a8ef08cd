import { type Address, addressWords, familyOf } from '../routing/ip/address.ts'
import type { PrefixId } from '../routing/ip/prefix-table.ts'
import type { FamilyName, PeerConfig, PeerFamilyStatus, Policy, SpeakerConfig } from './contract.ts'
import type { Originations } from './originations.ts'
import type { ExportProfile } from './rib/export.ts'
import type { SetSource } from './rib/fields.ts'
import type { GroupMember, MemberSink } from './rib/group-member.ts'
import { PolicyChain } from './rib/policy.ts'
import { PolicyFilter } from './rib/policy-filter.ts'
import { RowFlag } from './rib/rib.ts'
import type { Sweeps } from './rib/sweeps.ts'
import type { Tables } from './rib/tables.ts'
import type { GroupRules } from './rib/update-group.ts'
import { endOfRib } from './rib/update-packer.ts'
import { UpdateReceiver } from './rib/update-receiver.ts'
import type { Negotiated } from './session/session.ts'
import type { Finding } from './wire/attributes/check.ts'
import type { FamilyRow } from './wire/families.ts'
import { MAX_EXTENDED_MESSAGE, MAX_MESSAGE } from './wire/framer.ts'

/** What a peer's routes need of the speaker around them. */
export interface RouteContext {
  readonly tables: Tables
  readonly sweeps: Sweeps
  readonly originations: Originations
  /** The configuration in force. */
  config(): SpeakerConfig
  /** Something is to be done soon: flush, catch up, sweep. */
  kick(): void
  /** Own End-of-RIBs wait for this after a restart (RFC 4724, section 4.1). */
  mayEndRib(): boolean
}

/** The connection that octets go out on. */
export interface RouteChannel {
  write(octets: Uint8Array, messages: number): boolean
  readonly unsentOctets: number
  readonly localAddress: Address
  readonly interfaceName: string | undefined
}

interface FamilyState {
  readonly family: FamilyRow
  member: GroupMember
  endOfRibReceived: boolean
  /** Our own: once per session, when everything has been told and nothing asks for patience. */
  ownEndOfRib: 'not due' | 'due' | 'sent'
  /** Told by the group the peer was in before; withdrawn once the new group has spoken, where it does not tell them. */
  leftBehind: PrefixId[]
}

/** A peer's side of the RIB: what it tells us, what it is told. Lives as long as the peer; sessions come and go. */
export class PeerRoutes {
  readonly #context: RouteContext
  readonly #name: string
  #config: PeerConfig
  #slot = 0
  #source: SetSource | undefined
  #negotiated: Negotiated | undefined
  #channel: RouteChannel | undefined
  #receiver: UpdateReceiver | undefined
  #filters = new Map<FamilyName, PolicyFilter>()
  readonly #families = new Map<FamilyName, FamilyState>()
  readonly #discarded = new Map<string, number>()
  readonly #onFindings: (findings: readonly Finding[], octets: Uint8Array) => void
  readonly #onEndOfRib: (family: FamilyRow) => void

  constructor(
    config: PeerConfig,
    context: RouteContext,
    onFindings: (findings: readonly Finding[], octets: Uint8Array) => void,
    onEndOfRib: (family: FamilyRow) => void,
  ) {
    this.#name = config.name
    this.#config = config
    this.#context = context
    this.#onFindings = onFindings
    this.#onEndOfRib = onEndOfRib
  }

  get slot(): number {
    return this.#slot
  }

  /** A session is up: routes are taken in, and everything there is goes out. */
  up(negotiated: Negotiated, channel: RouteChannel): void {
    this.#negotiated = negotiated
    this.#channel = channel
    this.#takeSlot(negotiated, channel)
    this.#buildFilters()
    this.#receiver = new UpdateReceiver(
      this.#receiverTables(),
      this.#source!,
      {
        external: negotiated.type === 'external',
        fourOctetAsn: negotiated.fourOctetAsn,
        extendedNextHop: false,
        refuseAsSets: true,
      },
      {
        endOfRib: (family) => this.#endOfRib(family),
        discarded: (findings, octets) => this.#discard(findings, octets),
      },
    )
    for (const family of negotiated.families) this.#join(family)
    this.#context.kick()
  }

  /** The session is over. Routes of the families in `keep` stay, marked stale, until `sweepStale` (RFC 4724, section 4.2). */
  down(keep: readonly FamilyRow[] = []): void {
    for (const { family, member } of this.#families.values()) this.#distribution(family).leave(member)
    this.#families.clear()
    for (const filter of this.#filters.values()) filter.dispose()
    this.#filters = new Map()
    this.#receiver = undefined
    this.#channel = undefined
    this.#context.sweeps.start(this.#slot, this.#context.tables.ribs.values(), (rib, row, prefix) => {
      if (keep.includes(rib.family)) rib.markStale(row)
      else rib.withdraw(rib.peerOf(row), prefix)
    })
    if (keep.length === 0) this.#giveSlotBack()
    this.#context.kick()
  }

  /** What is still stale goes: after End-of-RIB, or when the time for the restart is over. */
  sweepStale(family?: FamilyRow): void {
    const { ribs } = this.#context.tables
    const which = family === undefined ? ribs.values() : [ribs.get(family.name)!]
    this.#context.sweeps.start(this.#slot, which, (rib, row, prefix) => {
      if ((rib.flagsOf(row) & RowFlag.Stale) !== 0) rib.withdraw(rib.peerOf(row), prefix)
    })
    this.#context.kick()
  }

  receive(octets: Uint8Array, start: number, end: number): void {
    this.#receiver?.receive(octets, start, end)
    this.#context.kick()
  }

  /** The peer wants everything again (RFC 2918). */
  refresh(family: FamilyRow): void {
    this.#families.get(family.name)?.member.restart()
    this.#context.kick()
  }

  drained(): void {
    for (const { member } of this.#families.values()) member.drained()
    this.#context.kick()
  }

  /** Sends the End-of-RIBs that had to wait. */
  endRibs(): void {
    for (const state of this.#families.values()) if (state.ownEndOfRib === 'due') this.#sendEndOfRib(state)
  }

  /** New options for a session that goes on: policies are applied to what is there, exports move to their new group. */
  reconfigure(config: PeerConfig): void {
    this.#config = config
    if (this.#negotiated === undefined || this.#channel === undefined) return
    this.#refilter()
    for (const state of this.#families.values()) this.#regroup(state)
    this.#context.kick()
  }

  status(): PeerFamilyStatus[] {
    return [...this.#families.values()].map(({ family, member, endOfRibReceived }) => {
      const rib = this.#context.tables.ribs.get(family.name)!
      return {
        family: family.name,
        received: rib.received[this.#slot] ?? 0,
        accepted: rib.accepted[this.#slot] ?? 0,
        advertised: member.group.toldTo(this.#slot),
        endOfRibReceived,
      }
    })
  }

  get discarded(): { what: string; count: number }[] {
    return Array.from(this.#discarded, ([what, count]) => ({ what, count }))
  }

  endOfRibReceived(): boolean {
    return [...this.#families.values()].every((state) => state.endOfRibReceived)
  }

  /** The member of the family's update group, for views. */
  memberOf(family: FamilyName): GroupMember | undefined {
    return this.#families.get(family)?.member
  }

  /** Prefixes held of one IP version, for limits. */
  receivedOf(version: 4 | 6): number {
    for (const rib of this.#context.tables.ribs.values()) {
      if (rib.family.family === version) return rib.received[this.#slot] ?? 0
    }
    return 0
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
      return { name: this.#name, address, source: this.#source }
    })
  }

  #dropRoutes(): void {
    this.#context.sweeps.start(this.#slot, this.#context.tables.ribs.values(), (rib, row, prefix) => {
      rib.withdraw(rib.peerOf(row), prefix)
    })
    this.#giveSlotBack()
  }

  #giveSlotBack(): void {
    if (this.#slot !== 0) this.#context.tables.retireSlot(this.#slot)
    this.#slot = 0
  }

  #sourceFor(negotiated: Negotiated, channel: RouteChannel): SetSource {
    const config = this.#context.config()
    const [remoteIdentifier = 0] = addressWords(negotiated.remoteBgpIdentifier)
    const [localIdentifier = 0] = addressWords(config.bgpIdentifier)
    const [clusterId = 0] = addressWords(config.clusterId ?? config.bgpIdentifier)
    return {
      slot: 0,
      external: negotiated.type === 'external',
      local: false,
      client: negotiated.type === 'internal' && this.#config.routeReflectorClient,
      localAsn: this.#config.localAsn,
      allowOwnAsn: this.#config.allowOwnAsn,
      remoteIdentifier,
      localIdentifier,
      clusterId,
      interfaceName: channel.interfaceName,
    }
  }

  #buildFilters(): void {
    for (const filter of this.#filters.values()) filter.dispose()
    this.#filters = new Map()
    const { importPolicies } = this.#config
    if (importPolicies === undefined) return
    const chain = new PolicyChain(this.#policies(importPolicies))
    for (const { name } of this.#negotiated!.families) {
      this.#filters.set(name, this.#filter(chain, name, this.#profile().self))
    }
  }

  #filter(chain: PolicyChain, family: FamilyName, self: ExportProfile['self']): PolicyFilter {
    const { tables } = this.#context
    const ownAddress = family === 'ipv4-unicast' ? self.ipv4 : self.ipv6
    return new PolicyFilter(chain, tables.ribs.get(family)!, tables.sets, (slot) => tables.sourceOf(slot), ownAddress)
  }

  #policies(names: readonly string[]): Policy[] {
    return names.flatMap((name) => this.#context.config().policies.find((policy) => policy.name === name) ?? [])
  }

  #receiverTables() {
    const { tables } = this.#context
    const { families, type } = this.#negotiated!
    return {
      sets: tables.sets,
      ribs: new Map(families.map(({ name }) => [name, tables.ribs.get(name)!])),
      filters: this.#filters,
      acceptByDefault: type === 'internal',
    }
  }

  /** Import policies changed: every row is judged again from what the peer sent, without asking it. */
  #refilter(): void {
    this.#buildFilters()
    const receiverTables = this.#receiverTables()
    this.#receiver!.tables = receiverTables
    const { sets, ribs } = this.#context.tables
    this.#context.sweeps.start(this.#slot, ribs.values(), (rib, row, prefix) => {
      const original = sets.originalOf(rib.setOf(row))
      const stale = rib.flagsOf(row) & RowFlag.Stale
      const filter = this.#filters.get(rib.family.name)
      if (filter === undefined) {
        rib.announce(rib.peerOf(row), prefix, original, stale | (receiverTables.acceptByDefault ? 0 : RowFlag.Rejected))
        return
      }
      const { set, accept, named } = filter.apply(prefix, original)
      const flags = stale | (accept ? 0 : RowFlag.Rejected) | (named ? RowFlag.Named : 0)
      rib.announce(rib.peerOf(row), prefix, set, flags)
    })
  }

  #join(family: FamilyRow): void {
    const state = { family, endOfRibReceived: false, ownEndOfRib: 'not due', leftBehind: [] } as unknown as FamilyState
    state.member = this.#newMember(family, state)
    this.#families.set(family.name, state)
  }

  #regroup(state: FamilyState): void {
    const old = state.member
    if (old.group.key === this.#groupKey()) return
    state.leftBehind = [...old.group.toldPrefixes(this.#slot)]
    state.member = this.#newMember(state.family, state)
    this.#distribution(state.family).leave(old)
  }

  #newMember(family: FamilyRow, state: FamilyState): GroupMember {
    const rules = () => this.#groupRules(family)
    return this.#distribution(family).join(this.#groupKey(), rules, this.#slot, this.#sink(state))
  }

  #sink(state: FamilyState): MemberSink {
    const channel = this.#channel!
    return {
      write: (octets, messages) => channel.write(octets, messages),
      get unsentOctets() {
        return channel.unsentOctets
      },
      caughtUp: () => {
        const { group } = state.member
        const gone = state.leftBehind.filter((prefix) => {
          const set = group.toldSet(prefix)
          return set === 0 || this.#context.tables.sets.source[set] === this.#slot
        })
        state.leftBehind = []
        group.withdrawFrom(state.member, gone)
        if (state.ownEndOfRib === 'sent') return
        state.ownEndOfRib = 'due'
        if (this.#context.mayEndRib()) this.#sendEndOfRib(state)
      },
    }
  }

  #sendEndOfRib(state: FamilyState): void {
    state.ownEndOfRib = 'sent'
    this.#channel?.write(endOfRib(state.family), 1)
  }

  /** Peers with the same key are told the same octets. */
  #groupKey(): string {
    const { exportPolicies, originationSet } = this.#config
    return JSON.stringify([this.#profile(), exportPolicies && this.#policies(exportPolicies), originationSet])
  }

  #groupRules(family: FamilyRow): GroupRules {
    const profile = this.#profile()
    const { exportPolicies, originationSet } = this.#config
    const chain = exportPolicies && new PolicyChain(this.#policies(exportPolicies))
    const filter = chain && this.#filter(chain, family.name, profile.self)
    const prependAsn = profile.external ? profile.localAsn : undefined
    return {
      profile,
      passLearned: !profile.external || chain !== undefined,
      originations: this.#context.originations.toldTo(originationSet, prependAsn, family.name),
      filter: filter && ((prefix, set) => acceptedSet(filter.apply(prefix, set))),
      dispose: () => filter?.dispose(),
    }
  }

  #profile(): ExportProfile {
    const config = this.#context.config()
    const negotiated = this.#negotiated!
    const external = negotiated.type === 'external'
    const [clusterId = 0] = addressWords(config.clusterId ?? config.bgpIdentifier)
    // A reflector leaves next hops alone, so its clients need not be told apart by our address towards them.
    const self = this.#selfAddresses()
    const needsSelf = external || this.#config.nextHop === 'self' || this.#config.originationSet !== undefined
    return {
      external,
      client: !external && this.#config.routeReflectorClient,
      localAsn: this.#config.localAsn,
      clusterId,
      fourOctetAsn: negotiated.fourOctetAsn,
      nextHop: this.#config.nextHop,
      self: needsSelf || this.#config.exportPolicies ? self : { ipv4: undefined, ipv6: undefined },
      maxMessage: negotiated.extendedMessage ? MAX_EXTENDED_MESSAGE : MAX_MESSAGE,
    }
  }

  #selfAddresses(): ExportProfile['self'] {
    const { nextHopSelf } = this.#context.config()
    const { localAddress } = this.#channel!
    const version = familyOf(localAddress)
    return {
      ipv4: version === 4 ? localAddress : nextHopSelf?.ipv4,
      ipv6: version === 6 ? localAddress : nextHopSelf?.ipv6,
    }
  }

  #distribution(family: FamilyRow) {
    return this.#context.tables.distributions.get(family.name)!
  }

  #endOfRib(family: FamilyRow): void {
    const state = this.#families.get(family.name)
    if (state === undefined) return
    state.endOfRibReceived = true
    this.sweepStale(family)
    this.#onEndOfRib(family)
  }

  #discard(findings: readonly Finding[], octets: Uint8Array): void {
    for (const { what, remedy } of findings) {
      const key = `${what} (${remedy})`
      this.#discarded.set(key, (this.#discarded.get(key) ?? 0) + 1)
    }
    this.#onFindings(findings, octets)
  }
}

function acceptedSet({ set, accept }: { readonly set: number; readonly accept: boolean }): number {
  return accept ? set : 0
}
