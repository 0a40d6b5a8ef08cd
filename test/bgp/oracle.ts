import { hex, open, type RawPeer, type RouteFields, u32, update } from './raw-peer.ts'

/**
 * What a reflector must choose and tell, computed anew from what each peer said last: written from RFC 4271, section
 * 9.1.2.2, and RFC 4456, over plain objects.
 */
export interface Said extends RouteFields {
  readonly from: number
}

export const LOCAL_ASN = 65000
const CLUSTER = '0a000064'

/** Peers 1 and 2 are clients, 3 is a non-client, 4 and 5 are external (AS 65004, 65005; 65004 twice would be MED's case: 6). */
export const PEERS = [
  { id: 1, kind: 'client', asn: LOCAL_ASN },
  { id: 2, kind: 'client', asn: LOCAL_ASN },
  { id: 3, kind: 'non-client', asn: LOCAL_ASN },
  { id: 4, kind: 'external', asn: 65004 },
  { id: 5, kind: 'external', asn: 65005 },
  { id: 6, kind: 'external', asn: 65004 },
  { id: 7, kind: 'non-client', asn: LOCAL_ASN },
] as const

export type PeerRow = (typeof PEERS)[number]
export const PREFIXES = Array.from({ length: 12 }, (_, i) => `20.${i}.0.0/${16 + (i % 3) * 4}`)

export function connect(one: RawPeer, { asn, id }: PeerRow): void {
  one.establish('10.0.0.100', open({ asn, identifier: [10, 0, 0, id] }))
}

/** One to three UPDATEs, so that changes overtake each other before they are sent on. */
export function someUpdates(random: () => number, row: PeerRow, said: Map<string, Said>): Uint8Array[] {
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const nlri = PREFIXES.filter(() => random() < 0.25)
    if (random() < 0.35) {
      for (const prefix of nlri) said.delete(`${row.id} ${prefix}`)
      return update({ withdrawn: nlri })
    }
    const fields = randomRoute(random, row)
    for (const prefix of nlri) said.set(`${row.id} ${prefix}`, { ...fields, from: row.id })
    return update({ ...fields, nlri })
  })
}

function randomRoute(random: () => number, { kind, asn, id }: PeerRow): RouteFields {
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
    ...(random() < 0.3 ? { communities: [pick(0xffffff01, 0xffffff02, 0xfde80001)] } : {}),
  }
}

export function kindOf(route: Said): PeerRow['kind'] {
  return PEERS.find(({ id }) => id === route.from)!.kind
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
    a.from - b.from
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
