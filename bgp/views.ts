import { type Address, addressFromOctets, addressWords, familyOf } from '../routing/ip/address.ts'
import { maskWord, maxLength, prefixWords } from '../routing/ip/prefix.ts'
import type { PrefixId } from '../routing/ip/prefix-table.ts'
import type { RoutePage, RouteQuery, RouteView } from './contract.ts'
import type { Originations } from './originations.ts'
import type { Peer } from './peer/peer.ts'
import type { SetId } from './rib/attributes-table.ts'
import { decidedBy } from './rib/explain.ts'
import { SetFlag } from './rib/fields.ts'
import { RowFlag, type RowId } from './rib/path-rows.ts'
import type { Rib } from './rib/rib.ts'
import { isDiscarded, signalsObeyed } from './rib/signals.ts'
import { LOCAL_SLOT, type Tables } from './rib/tables.ts'
import { weightsOf } from './rib/weights.ts'
import { formatAsPath } from './wire/attributes/as-path.ts'
import { uint32At } from './wire/attributes/codec.ts'
import { type PathAttributes, readAttributes } from './wire/attributes/record.ts'
import { AttributeCode } from './wire/iana.ts'

/** What a view is made from. */
export interface ViewSources {
  readonly tables: Tables
  readonly originations: Originations
  peer(name: string): Peer | undefined
  readonly maxPaths: number
}

const DEFAULT_LIMIT = 1000
/** Ids looked at for one page, so that a query never holds the loop. */
const SCAN_LIMIT = 200_000

/** One page of routes; see `RouteQuery`. An unknown peer has no routes. */
export function routePage(sources: ViewSources, query: RouteQuery): RoutePage {
  if (query.prefix !== undefined || query.address !== undefined) return { routes: [...exact(sources, query)] }
  const limit = Math.max(1, Math.min(query.limit ?? DEFAULT_LIMIT, 10_000))
  const routes: RouteView[] = []
  let [familyIndex, id] = readCursor(query.cursor)
  const ribs = [...sources.tables.ribs.values()]
  let scanned = 0
  for (; familyIndex < ribs.length; familyIndex++, id = 1) {
    const rib = ribs[familyIndex]!
    if (query.family !== undefined && rib.family.name !== query.family) continue
    for (; id < rib.prefixes.end; id++) {
      if (routes.length >= limit || scanned++ >= SCAN_LIMIT) return { routes, cursor: `${familyIndex}.${id}` }
      routes.push(...viewsOf(sources, query, rib, id))
    }
  }
  return { routes }
}

function readCursor(cursor: string | undefined): [number, number] {
  const match = /^(\d+)\.(\d+)$/.exec(cursor ?? '')
  return match ? [Number(match[1]), Number(match[2])] : [0, 1]
}

function* exact(sources: ViewSources, query: RouteQuery): Generator<RouteView> {
  for (const rib of sources.tables.ribs.values()) {
    if (query.family !== undefined && rib.family.name !== query.family) continue
    const id = query.prefix === undefined ? longestMatch(rib, query.address!) : exactMatch(rib, query.prefix)
    if (id !== 0) yield* viewsOf(sources, query, rib, id)
  }
}

function exactMatch(rib: Rib, prefix: NonNullable<RouteQuery['prefix']>): PrefixId {
  const words = prefixWords(prefix)
  return words.family === rib.family.family ? rib.prefixes.findPrefix(words) : 0
}

function longestMatch(rib: Rib, address: Address): PrefixId {
  if (familyOf(address) !== rib.family.family) return 0
  const words = addressWords(address)
  for (let length = maxLength(rib.family.family); length >= 0; length--) {
    const [w0, w1, w2, w3] = [0, 1, 2, 3].map((i) => ((words[i] ?? 0) & maskWord(length, i)) >>> 0)
    const id = rib.prefixes.find(w0!, w1!, w2!, w3!, length)
    if (id !== 0 && rib.bestRow(id) !== 0) return id
  }
  return 0
}

function viewsOf(sources: ViewSources, query: RouteQuery, rib: Rib, id: PrefixId): RouteView[] {
  if (query.advertisedTo !== undefined) return advertised(sources, rib, id, sources.peer(query.advertisedTo))
  if (rib.isEmpty(id)) return []
  const best = rib.bestRow(id)
  let rows = [...rib.paths(id)]
  if (query.receivedFrom !== undefined) {
    const slot = query.receivedFrom === 'local' ? LOCAL_SLOT : sources.peer(query.receivedFrom)?.routes.slot
    rows = rows.filter((row) => rib.peerOf(row) === slot)
  } else if (!query.allPaths) {
    rows = rows.filter((row) => row === best)
  }
  const together = sources.maxPaths > 1 ? rib.multipath(id) : [best]
  const equal = new Set(together.length > 1 ? together : [])
  const weights = equal.size > 0 ? weightsOf(rib, sources.tables.sets, together) : undefined
  rows.sort(
    (a, b) =>
      Number(b === best) - Number(a === best) || rib.peerOf(a) - rib.peerOf(b) || rib.pathIdOf(a) - rib.pathIdOf(b),
  )
  const { nextHop } = sources.tables.sets
  return rows.map((row) => {
    const weight = equal.has(row) ? weights?.get(nextHop[rib.setOf(row)]!) : undefined
    const view = viewOfRow(sources, rib, id, row, row === best, equal.has(row))
    return weight === undefined ? view : { ...view, weight }
  })
}

function viewOfRow(
  sources: ViewSources,
  rib: Rib,
  id: PrefixId,
  row: RowId,
  best: boolean,
  multipath: boolean,
): RouteView {
  const { sets } = sources.tables
  const set = rib.setOf(row)
  const prefix = rib.prefixes.format(id)
  const local = rib.peerOf(row) === LOCAL_SLOT
  const attributes = readAttributes(sets.copyOf(set))
  const external = (sets.flags[set]! & SetFlag.External) !== 0
  const effect = external ? signalsObeyed(attributes, isDiscarded(rib, sets, row)) : undefined
  const ineligible = reasonAgainst(sources, rib, row, set)
  const because = local ? sources.originations.becauseOf(prefix) : undefined
  return {
    prefix,
    family: rib.family.name,
    best,
    ...(best ? { decidedBy: decidedBy(sources.tables, rib, id) } : {}),
    from: sources.tables.ownerOf(rib.peerOf(row))?.name ?? 'gone',
    ...(rib.pathIdOf(row) === 0 ? {} : { pathId: rib.pathIdOf(row) }),
    ...attributesView(attributes, sets.nextHops.addressOf(sets.nextHop[set]!)),
    stale: (rib.flagsOf(row) & RowFlag.Stale) !== 0,
    multipath,
    ...(effect === undefined ? {} : { effect }),
    ...(ineligible === undefined ? {} : { ineligible }),
    ...(because === undefined ? {} : { because }),
  }
}

function reasonAgainst(sources: ViewSources, rib: Rib, row: RowId, set: SetId): string | undefined {
  const { sets } = sources.tables
  const flags = sets.flags[set]!
  if ((rib.flagsOf(row) & RowFlag.Rejected) !== 0) {
    return (flags & SetFlag.External) !== 0
      ? 'not accepted by an import policy (RFC 8212)'
      : 'rejected by import policy'
  }
  if ((flags & SetFlag.OwnAsn) !== 0) return 'own AS in AS_PATH'
  if ((flags & SetFlag.OwnOriginator) !== 0) return 'own ORIGINATOR_ID'
  if ((flags & SetFlag.OwnCluster) !== 0) return 'own cluster in CLUSTER_LIST'
  if ((flags & SetFlag.Leak) !== 0) return 'a route leak by its ONLY_TO_CUSTOMER (RFC 9234, section 5)'
  return rib.eligible(row) ? undefined : 'next hop not resolvable'
}

/** The prefix's routes as the peer was told them. */
function advertised(sources: ViewSources, rib: Rib, prefix: PrefixId, peer: Peer | undefined): RouteView[] {
  const member = peer?.routes.memberOf(rib.family.name)
  if (member === undefined) return []
  const { group, slot } = member
  const { sets } = sources.tables
  return [...group.routesTo(prefix)].flatMap((id) => {
    const set = group.toldSet(id)
    if (set === 0 || sets.source[set] === slot) return []
    const { octets, nextHop } = group.exported(set)
    return [
      {
        prefix: rib.prefixes.format(prefix),
        family: rib.family.name,
        best: !group.tellsPaths || id === rib.bestRow(prefix),
        from: sources.tables.ownerOf(sets.source[set]!)?.name ?? 'gone',
        ...(group.tellsPaths ? { pathId: id } : {}),
        ...attributesView(readAttributes(octets), nextHop && addressFromOctets(nextHop)),
        stale: false,
        multipath: false,
      },
    ]
  })
}

function attributesView(attributes: PathAttributes, nextHop: Address | undefined) {
  const { localPref, med, originatorId, aggregator } = attributes
  const onlyToCustomer = attributes.others.find(({ code }) => code === AttributeCode.OnlyToCustomer)
  return {
    ...(nextHop === undefined ? {} : { nextHop }),
    origin: (['igp', 'egp', 'incomplete'] as const)[attributes.origin] ?? 'incomplete',
    asPath: formatAsPath(attributes.asPath),
    ...(localPref === undefined ? {} : { localPref }),
    ...(med === undefined ? {} : { med }),
    communities: attributes.communities,
    ...(originatorId === undefined ? {} : { originatorId }),
    clusterList: attributes.clusterList,
    atomicAggregate: attributes.atomicAggregate,
    ...(aggregator === undefined ? {} : { aggregator: `${aggregator.asn} ${aggregator.address}` }),
    ...(onlyToCustomer === undefined ? {} : { onlyToCustomer: uint32At(onlyToCustomer.value, 0) }),
    unknownAttributes: attributes.others
      .filter((one) => one !== onlyToCustomer)
      .map(({ code, value }) => ({ code, hex: Buffer.from(value).toString('hex') })),
  }
}
