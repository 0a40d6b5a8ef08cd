import { addressWords, familyOf } from '../../routing/ip/address.ts'
import type { FamilyName, PeerConfig } from '../contract.ts'
import type { ExportProfile } from '../rib/export.ts'
import { SetFlag } from '../rib/fields.ts'
import type { GroupMember, MemberSink } from '../rib/group-member.ts'
import { PolicyChain } from '../rib/policy.ts'
import { PolicyFilter } from '../rib/policy-filter.ts'
import type { ExportFilter, GroupRules } from '../rib/update-group.ts'
import { endOfRib } from '../rib/update-packer.ts'
import type { Negotiated } from '../session/session.ts'
import type { FamilyRow } from '../wire/families.ts'
import { MAX_EXTENDED_MESSAGE, MAX_MESSAGE } from '../wire/framer.ts'
import { RefreshSubtype } from '../wire/iana.ts'
import { roleRow } from '../wire/roles.ts'
import { MADE_LAST } from './long-lived.ts'
import { policiesOf, type RouteChannel, type RouteContext, speakerClusterId } from './route-context.ts'

const NONE = 0

interface FamilyState {
  readonly family: FamilyRow
  member: GroupMember
  /** Our own: once per session, when everything has been told and nothing asks for patience. */
  ownEndOfRib: 'not due' | 'due' | 'sent'
  /** Of a peer that knows their beginning and end (RFC 7313). */
  refresh: 'none' | 'wanted' | 'begun' | 'begun and wanted'
  /** Ids told by the group the peer was in before; withdrawn once the new group has spoken, where it does not tell them. */
  leftBehind: number[]
}

/** What an established peer is told: its place in an update group of each family. */
export class PeerExports {
  readonly #context: RouteContext
  readonly #slot: number
  readonly #negotiated: Negotiated
  readonly #channel: RouteChannel
  #config: PeerConfig
  readonly #families = new Map<FamilyName, FamilyState>()

  constructor(context: RouteContext, config: PeerConfig, slot: number, negotiated: Negotiated, channel: RouteChannel) {
    this.#context = context
    this.#config = config
    this.#slot = slot
    this.#negotiated = negotiated
    this.#channel = channel
    for (const family of negotiated.families) this.#join(family)
  }

  leave(): void {
    for (const { family, member } of this.#families.values()) this.#distribution(family).leave(member)
    this.#families.clear()
  }

  /** New options: the peer moves to the groups they put it in. */
  reconfigure(config: PeerConfig): void {
    this.#config = config
    for (const state of this.#families.values()) this.#regroup(state)
  }

  /** Everything again (RFC 2918). */
  refresh(family: FamilyRow): void {
    const state = this.#families.get(family.name)
    if (state === undefined) return
    if (!this.#negotiated.enhancedRouteRefresh) return state.member.restart()
    if (state.refresh !== 'none') state.refresh = state.refresh === 'wanted' ? 'wanted' : 'begun and wanted'
    // RFC 7313, section 4: none begins before the End-of-RIB.
    else if (state.ownEndOfRib === 'sent') this.#beginRefresh(state)
    else state.refresh = 'wanted'
  }

  drained(): void {
    for (const { member } of this.#families.values()) member.drained()
  }

  /** Sends the End-of-RIBs that had to wait. */
  endRibs(): void {
    for (const state of this.#families.values()) if (state.ownEndOfRib === 'due') this.#sendEndOfRib(state)
  }

  memberOf(family: FamilyName): GroupMember | undefined {
    return this.#families.get(family)?.member
  }

  #join(family: FamilyRow): void {
    const state = { family, ownEndOfRib: 'not due', refresh: 'none', leftBehind: [] } as unknown as FamilyState
    state.member = this.#newMember(family, state)
    this.#families.set(family.name, state)
  }

  #regroup(state: FamilyState): void {
    const old = state.member
    if (old.group.key === this.#groupKey(state.family)) return
    // A peer that moves on before it is caught up still knows what earlier groups told it.
    state.leftBehind = [...new Set([...state.leftBehind, ...old.mayKnow()])]
    state.member = this.#newMember(state.family, state)
    this.#distribution(state.family).leave(old)
  }

  #newMember(family: FamilyRow, state: FamilyState): GroupMember {
    const rules = () => this.#groupRules(family)
    return this.#distribution(family).join(this.#groupKey(family), rules, this.#slot, this.#sink(state))
  }

  #sink(state: FamilyState): MemberSink {
    const channel = this.#channel
    return {
      write: (octets, messages) => channel.write(octets, messages),
      get unsentOctets() {
        return channel.unsentOctets
      },
      caughtUp: () => {
        const { group } = state.member
        const gone = state.leftBehind.filter((id) => {
          const set = group.toldSet(id)
          return set === 0 || this.#context.tables.sets.source[set] === this.#slot
        })
        state.leftBehind = []
        group.withdrawFrom(state.member, gone)
        if (state.refresh.startsWith('begun')) this.#endRefresh(state)
        if (state.ownEndOfRib === 'sent') return
        state.ownEndOfRib = 'due'
        if (this.#context.mayEndRib()) this.#sendEndOfRib(state)
      },
    }
  }

  #beginRefresh(state: FamilyState): void {
    state.refresh = 'begun'
    this.#channel.send({ type: 'ROUTE-REFRESH', family: state.family, subtype: RefreshSubtype.Begin })
    state.member.restart()
    this.#context.kick()
  }

  #endRefresh(state: FamilyState): void {
    const again = state.refresh === 'begun and wanted'
    state.refresh = 'none'
    this.#channel.send({ type: 'ROUTE-REFRESH', family: state.family, subtype: RefreshSubtype.End })
    if (again) this.#beginRefresh(state)
  }

  #sendEndOfRib(state: FamilyState): void {
    state.ownEndOfRib = 'sent'
    this.#channel.write(endOfRib(state.family), 1)
    if (state.refresh === 'wanted') this.#beginRefresh(state)
  }

  /** Peers with the same key are told the same octets. */
  #groupKey(family: FamilyRow): string {
    const { exportPolicies, originationSet } = this.#config
    return JSON.stringify([
      this.#profile(),
      exportPolicies && policiesOf(this.#context, exportPolicies),
      originationSet,
      this.#paths(family),
    ])
  }

  #groupRules(family: FamilyRow): GroupRules {
    const profile = this.#profile()
    const { exportPolicies, originationSet } = this.#config
    const chain = exportPolicies && new PolicyChain(policiesOf(this.#context, exportPolicies))
    const own = chain && this.#filter(chain, family, profile)
    const last = profile.longLived === 'made last' ? this.#filter(MADE_LAST, family, profile) : undefined
    const paths = this.#paths(family)
    const prependAsn = profile.external ? profile.localAsn : undefined
    return {
      profile,
      ...(paths === undefined ? {} : { paths }),
      passLearned: !profile.external || chain !== undefined,
      originations: this.#context.originations.toldTo(originationSet, prependAsn, family.name),
      filter: last ? this.#inTurn(own, last) : own && ((prefix, set) => acceptedSet(own.apply(prefix, set))),
      dispose: () => {
        own?.dispose()
        last?.dispose()
      },
    }
  }

  /** The export policies, and then `last` for what is stale long since. */
  #inTurn(own: PolicyFilter | undefined, last: PolicyFilter): ExportFilter {
    const { sets } = this.#context.tables
    return (prefix, set) => {
      const passed = own === undefined ? set : acceptedSet(own.apply(prefix, set))
      if ((sets.flags[set]! & SetFlag.LongLivedStale) === 0 || passed === NONE) return passed
      const told = acceptedSet(last.apply(prefix, passed))
      if (told === NONE) sets.releaseUnused(passed)
      return told
    }
  }

  /** Most paths per prefix, where the peer takes several. */
  #paths(family: FamilyRow): number | undefined {
    return this.#negotiated.addPath.sent.includes(family) ? this.#config.addPath?.send : undefined
  }

  #profile(): ExportProfile {
    const config = this.#context.config()
    const negotiated = this.#negotiated
    const external = negotiated.type === 'external'
    const [clusterId = 0] = addressWords(this.#config.clusterId ?? speakerClusterId(config))
    // A reflector leaves next hops alone, so its clients need not be told apart by our address towards them.
    const self = this.#selfAddresses()
    const needsSelf = external || this.#config.nextHop === 'self' || this.#config.originationSet !== undefined
    return {
      external,
      client: !external && this.#config.routeReflectorClient,
      localAsn: this.#config.localAsn,
      role: external ? roleRow(this.#config.role) : undefined,
      clusterId,
      longLived: this.#longLived(),
      fourOctetAsn: negotiated.fourOctetAsn,
      nextHop: this.#config.nextHop,
      extendedNextHop: negotiated.extendedNextHop,
      self: needsSelf || this.#config.exportPolicies ? self : { ipv4: undefined, ipv6: undefined },
      maxMessage: negotiated.extendedMessage ? MAX_EXTENDED_MESSAGE : MAX_MESSAGE,
    }
  }

  #longLived(): ExportProfile['longLived'] {
    const { received, type } = this.#negotiated
    if (received.gracefulRestart !== undefined && received.longLived !== undefined) return 'known'
    const partial = this.#context.config().gracefulRestart?.longLivedPartialDeployment === true
    return partial && type === 'internal' ? 'made last' : 'withheld'
  }

  #selfAddresses(): ExportProfile['self'] {
    const { nextHopSelf } = this.#context.config()
    const { localAddress } = this.#channel
    const version = familyOf(localAddress)
    return {
      // RFC 8950: where the peer takes it, what reaches us is the address that it speaks to.
      ipv4: version === 4 || this.#negotiated.extendedNextHop ? localAddress : nextHopSelf?.ipv4,
      ipv6: version === 6 ? localAddress : nextHopSelf?.ipv6,
    }
  }

  #distribution(family: FamilyRow) {
    return this.#context.tables.distributions.get(family.name)!
  }

  #filter(chain: PolicyChain, { name, family }: FamilyRow, { self }: ExportProfile): PolicyFilter {
    const { tables } = this.#context
    const ownAddress = family === 4 ? self.ipv4 : self.ipv6
    return new PolicyFilter(chain, tables.ribs.get(name)!, tables.sets, (slot) => tables.sourceOf(slot), ownAddress)
  }
}

function acceptedSet({ set, accept }: { readonly set: number; readonly accept: boolean }): number {
  return accept ? set : 0
}
