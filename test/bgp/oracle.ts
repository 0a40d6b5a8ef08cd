import { expect } from 'vitest'
import type { PeerConfig, Policy } from '../../bgp/contract.ts'
import { hex, open, type RawPeer, type RouteFields, u32, update } from './raw-peer.ts'
import { peer } from './speakers.ts'

/**
 * What a reflector must choose and tell, computed anew from what each peer said last: written from RFC 4271, section
 * 9.1.2.2, and RFC 4456, over plain objects.
 */
export interface Said extends RouteFields {
  readonly from: number
  /** What the peer calls the path (RFC 7911). */
  readonly pathId: number
}

/** By peer, prefix and path. */
export type AllSaid = Map<string, Said>

export const LOCAL_ASN = 65000
const CLUSTER = '0a000064'

/** `paths`: sends several of a prefix; `takes`: at most so many (RFC 7911), 0 for the best without an identifier. */
export interface PeerRow {
  readonly id: number
  readonly kind: 'client' | 'non-client' | 'external'
  readonly asn: number
  readonly paths?: boolean
  readonly takes: number
}

/** 4 and 6 are of one AS, for MED's sake. */
export const PEERS: readonly PeerRow[] = [
  { id: 1, kind: 'client', asn: LOCAL_ASN, takes: 3 },
  { id: 2, kind: 'client', asn: LOCAL_ASN, takes: 0, paths: true },
  { id: 3, kind: 'non-client', asn: LOCAL_ASN, takes: 64, paths: true },
  { id: 4, kind: 'external', asn: 65004, takes: 2, paths: true },
  { id: 5, kind: 'external', asn: 65005, takes: 0 },
  { id: 6, kind: 'external', asn: 65004, takes: 0 },
  { id: 7, kind: 'non-client', asn: LOCAL_ASN, takes: 0 },
  { id: 8, kind: 'client', asn: LOCAL_ASN, takes: 64 },
  { id: 9, kind: 'client', asn: LOCAL_ASN, takes: 3 },
]

export const PREFIXES = Array.from({ length: 12 }, (_, i) => `20.${i}.0.0/${16 + (i % 3) * 4}`)

export function connect(one: RawPeer, { asn, id, paths, takes }: PeerRow): void {
  const ways = (takes > 0 ? 1 : 0) + (paths ? 2 : 0)
  const addPath = ways === 0 ? [] : [69, 4, 0, 1, 1, ways]
  const capabilities = [1, 4, 0, 1, 0, 1, 2, 0, 65, 4, ...u32(asn), ...addPath]
  one.pathIds = takes > 0
  one.establish('10.0.0.100', open({ asn, identifier: [10, 0, 0, id], capabilities }))
}

/** The peer as the reflector is configured for it. */
export function peerOf({ id, kind, asn, paths, takes }: PeerRow): PeerConfig {
  return peer(`10.0.0.${id}`, {
    passive: true,
    remoteAsn: asn,
    routeReflectorClient: kind === 'client',
    ...(kind === 'external' ? { importPolicies: ['all'], exportPolicies: ['all'] } : {}),
    ...(takes > 0 || paths ? { addPath: { send: Math.max(1, takes), receive: paths === true } } : {}),
  })
}

export const ALL: Policy = { name: 'all', rules: [], defaultAction: 'accept' }

/** The peer is away: it says nothing any more. */
export function forget(said: AllSaid, { id }: PeerRow): void {
  for (const key of [...said.keys()]) if (key.startsWith(`${id} `)) said.delete(key)
}

/** One to three UPDATEs, so that changes overtake each other before they are sent on. */
export function someUpdates(random: () => number, row: PeerRow, said: AllSaid): Uint8Array[] {
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const pathId = row.paths ? 1 + Math.floor(random() * 3) : 0
    const nlri = PREFIXES.filter(() => random() < 0.25)
    const named = nlri.map((prefix) => (row.paths ? `${prefix}#${pathId}` : prefix))
    const keys = nlri.map((prefix) => `${row.id} ${prefix} ${pathId}`)
    if (random() < 0.35) {
      for (const key of keys) said.delete(key)
      return update({ withdrawn: named })
    }
    const fields = randomRoute(random, row, pathId)
    for (const key of keys) said.set(key, { ...fields, from: row.id, pathId })
    return update({ ...fields, nlri: named })
  })
}

/** One community says whose path it is. */
function randomRoute(random: () => number, { kind, asn, id }: PeerRow, pathId: number): RouteFields {
  const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)]!
  const tail = Array.from({ length: Math.floor(random() * 3) }, () =>
    pick(1, 2, 3, 65004, ...(random() < 0.1 ? [LOCAL_ASN] : [])),
  )
  const asPath = kind === 'external' ? [asn, ...tail] : tail
  return {
    origin: pick(0, 0, 1, 2),
    asPath,
    nextHop: [10, 0, 0, id],
    ...(random() < 0.5 ? { med: pick(0, 10, 20) } : {}),
    ...(kind === 'external' ? {} : { localPref: pick(100, 100, 200) }),
    ...(kind !== 'external' && random() < 0.3 ? { originatorId: [10, 0, 9, pick(1, 2, 3)] } : {}),
    ...(kind !== 'external' && random() < 0.3
      ? { clusterList: [[9, 9, 9, pick(1, 2)], ...(random() < 0.2 ? [[10, 0, 0, 100]] : [])] }
      : {}),
    communities: [0xfdea0000 + id * 256 + pathId, ...(random() < 0.3 ? [pick(0xffffff01, 0xffffff02)] : [])],
  }
}

export function kindOf(route: Said): PeerRow['kind'] {
  return PEERS.find(({ id }) => id === route.from)!.kind
}

export function saidOf(said: AllSaid, prefix: string): Said[] {
  return [...said].filter(([key]) => key.split(' ')[1] === prefix).map(([, route]) => route)
}

/** The best `count`, as if the best were taken away each time. */
export function decideFew(routes: readonly Said[], count: number): Said[] {
  const best = count > 0 ? decide(routes) : undefined
  if (best === undefined) return []
  return [
    best,
    ...decideFew(
      routes.filter((route) => route !== best),
      count - 1,
    ),
  ]
}

/** What a peer must have been told of a prefix: the attributes of each path. */
export function toldOf(routes: readonly Said[], to: PeerRow): Record<number, string>[] {
  return decideFew(routes, Math.max(1, to.takes)).flatMap(
    (route) => exported(route, to) ?? ([] as Record<number, string>[]),
  )
}

/** What the peer was told of the prefix, in the same shape. */
export function heard(one: RawPeer, prefix: string): Record<number, string>[] {
  const paths = [...one.routes].filter(([key]) => key.split('#')[0] === prefix)
  return paths.map(([, attributes]) => Object.fromEntries(attributes))
}

/** In no order. */
export function expectSame(actual: readonly object[], wanted: readonly object[], what: string): void {
  const sorted = (list: readonly object[]) => list.map((one) => JSON.stringify(one)).sort()
  expect(sorted(actual), what).toEqual(sorted(wanted))
}

/** RFC 4271, 9.1.2.2, with MED among paths of one neighbour first, and RFC 4456, section 9. */
export function decide(routes: readonly Said[]): Said | undefined {
  const eligible = routes.filter(
    ({ asPath = [], clusterList = [] }) =>
      !asPath.includes(LOCAL_ASN) && !clusterList.some((cluster) => cluster.join('.') === '10.0.0.100'),
  )
  const neighbours = new Set(eligible.map(({ asPath = [] }) => asPath[0] ?? 0))
  const winners = [...neighbours].map((neighbour) =>
    eligible
      .filter(({ asPath = [] }) => (asPath[0] ?? 0) === neighbour)
      .reduce((a, b) => (order(a, b, true) <= 0 ? a : b)),
  )
  return winners.length === 0 ? undefined : winners.reduce((a, b) => (order(a, b, false) <= 0 ? a : b))
}

function order(a: Said, b: Said, med: boolean): number {
  const identifier = (route: Said) => Number(`0x${hex(Uint8Array.from(route.originatorId ?? [10, 0, 0, route.from]))}`)
  return (
    (b.localPref ?? 100) - (a.localPref ?? 100) ||
    (a.asPath ?? []).length - (b.asPath ?? []).length ||
    (a.origin ?? 0) - (b.origin ?? 0) ||
    (med ? (a.med ?? 0) - (b.med ?? 0) : 0) ||
    Number(kindOf(a) !== 'external') - Number(kindOf(b) !== 'external') ||
    identifier(a) - identifier(b) ||
    (a.clusterList ?? []).length - (b.clusterList ?? []).length ||
    a.from - b.from ||
    a.pathId - b.pathId
  )
}

/** What a peer must have been told of the winner: attributes by code; undefined: nothing. */
export function exported(route: Said, to: PeerRow): Record<number, string> | undefined {
  const from = kindOf(route)
  const { asPath = [], communities = [] } = route
  if (route.from === to.id || communities.includes(0xffffff02)) return undefined
  if (to.kind === 'external' && communities.includes(0xffffff01)) return undefined
  if (from === 'non-client' && to.kind === 'non-client') return undefined
  const path = to.kind === 'external' ? [LOCAL_ASN, ...asPath] : asPath
  const octets = (numbers: readonly number[]) => hex(Uint8Array.from(numbers))
  const attributes: Record<number, string> = {
    1: octets([route.origin ?? 0]),
    2: path.length === 0 ? '' : octets([2, path.length, ...path.flatMap(u32)]),
    3: octets(to.kind === 'external' ? [10, 0, 0, 100] : (route.nextHop ?? [])),
  }
  if (communities.length > 0) attributes[8] = octets(communities.flatMap(u32))
  if (to.kind === 'external') return attributes
  if (route.med !== undefined) attributes[4] = octets(u32(route.med))
  attributes[5] = octets(u32(route.localPref ?? 100))
  if (from === 'external') return attributes
  attributes[9] = octets(route.originatorId ?? [10, 0, 0, route.from])
  attributes[10] = `${CLUSTER}${octets((route.clusterList ?? []).flat())}`
  return attributes
}
