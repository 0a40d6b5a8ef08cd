import { familyOf } from '../../routing/ip/address.ts'
import type { FamilyName, PeerConfig } from '../contract.ts'
import { SetFlag, type SetSource } from '../rib/fields.ts'
import { AGE_FLAGS, RowFlag } from '../rib/path-rows.ts'
import { PolicyChain } from '../rib/policy.ts'
import { PolicyFilter } from '../rib/policy-filter.ts'
import { type ReceiverTables, rowFlags } from '../rib/route-intake.ts'
import { type ReceiverEvents, UpdateReceiver } from '../rib/update-receiver.ts'
import type { Negotiated } from '../session/session.ts'
import type { FamilyRow } from '../wire/families.ts'
import { RefreshSubtype } from '../wire/iana.ts'
import { limitOf } from './prefix-limits.ts'
import { policiesOf, type RouteChannel, type RouteContext } from './route-context.ts'

/** What an established peer tells us, and what the import policies make of it. */
export class PeerImports {
  readonly #context: RouteContext
  #config: PeerConfig
  readonly #source: SetSource
  readonly #negotiated: Negotiated
  readonly #channel: RouteChannel
  readonly #receiver: UpdateReceiver
  #filters = new Map<FamilyName, PolicyFilter>()
  /** The policies in force, content and all. */
  #key: string | undefined
  #left = false

  constructor(
    context: RouteContext,
    config: PeerConfig,
    source: SetSource,
    negotiated: Negotiated,
    channel: RouteChannel,
    events: ReceiverEvents,
  ) {
    this.#context = context
    this.#config = config
    this.#source = source
    this.#negotiated = negotiated
    this.#channel = channel
    this.#buildFilters(config)
    const attributeContext = {
      external: negotiated.type === 'external',
      fourOctetAsn: negotiated.fourOctetAsn,
      extendedNextHop: negotiated.extendedNextHop,
      refuseAsSets: true,
    }
    this.#receiver = new UpdateReceiver(this.#tables(), source, attributeContext, events)
  }

  receive(octets: Uint8Array, start: number, end: number): void {
    this.#receiver.receive(octets, start, end)
  }

  leave(): void {
    this.#left = true
    this.#disposeFilters()
  }

  #disposeFilters(): void {
    for (const filter of this.#filters.values()) filter.dispose()
    this.#filters = new Map()
  }

  /** New policies: every row is judged again from what the peer sent, without asking it. */
  reconfigure(config: PeerConfig): void {
    this.#config = config
    const same = this.#policyKey(config) === this.#key
    if (!same) {
      this.#disposeFilters()
      this.#buildFilters(config)
    }
    const tables = this.#tables()
    this.#receiver.tables = tables
    if (same) return
    const { sets, ribs } = this.#context.tables
    this.#context.sweeps.start(this.#source.slot, ribs.values(), (rib, row, prefix) => {
      const original = sets.originalOf(rib.setOf(row))
      // The session is over: what stays of it stays as it is.
      if (this.#left) return
      const age = rib.flagsOf(row) & AGE_FLAGS
      // Soon told again or gone; and what it was made from is not what the peer sent.
      if ((age & RowFlag.Stale) !== 0 && (sets.flags[rib.setOf(row)]! & SetFlag.LongLivedStale) !== 0) return
      const filter = this.#filters.get(rib.family.name)
      if (filter === undefined) {
        rib.replace(row, original, age | rowFlags(sets, original, tables.acceptByDefault, false))
        return
      }
      const { set, accept, named } = filter.apply(prefix, original)
      rib.replace(row, set, age | rowFlags(sets, original, accept, named))
    })
  }

  /** Those whose excess is dropped. */
  #limits(): ReadonlyMap<FamilyName, number> {
    const { maxPrefixes } = this.#config
    if (maxPrefixes?.action !== 'discard') return new Map()
    const limits = this.#negotiated.families.map((family) => [family.name, limitOf(this.#config, family)] as const)
    return new Map(limits.flatMap(([name, limit]) => (limit === undefined ? [] : [[name, limit]])))
  }

  /** Announcements dropped for being over the limit, per family; they may be forgotten when all is told again. */
  get overLimit(): Map<FamilyName, number> {
    return this.#receiver.overLimit
  }

  askAgain(family: FamilyRow): void {
    if (!this.#negotiated.routeRefresh) return
    this.overLimit.delete(family.name)
    this.#channel.send({ type: 'ROUTE-REFRESH', family, subtype: RefreshSubtype.Request })
  }

  #policyKey({ importPolicies }: PeerConfig): string {
    return JSON.stringify(importPolicies && policiesOf(this.#context, importPolicies))
  }

  #buildFilters(config: PeerConfig): void {
    this.#key = this.#policyKey(config)
    const { importPolicies } = config
    if (importPolicies === undefined) return
    const chain = new PolicyChain(policiesOf(this.#context, importPolicies), { imports: true })
    const { tables } = this.#context
    const { localAddress } = this.#channel
    for (const { name, family } of this.#negotiated.families) {
      const rib = tables.ribs.get(name)!
      const self = familyOf(localAddress) === family ? localAddress : undefined
      this.#filters.set(name, new PolicyFilter(chain, rib, tables.sets, (slot) => tables.sourceOf(slot), self))
    }
  }

  #tables(): ReceiverTables {
    const { sets, ribs } = this.#context.tables
    const { families, type, addPath } = this.#negotiated
    return {
      sets,
      ribs: new Map(families.map(({ name }) => [name, ribs.get(name)!])),
      filters: this.#filters,
      acceptByDefault: type === 'internal',
      pathIds: new Set(addPath.received.map(({ name }) => name)),
      limits: this.#limits(),
    }
  }
}
