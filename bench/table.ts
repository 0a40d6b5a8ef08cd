import { PLAIN } from './numbering.ts'
import { announcement, update } from './octets.ts'
import { POLICY, SHAPES, type Shape } from './shapes.ts'

/** A table to announce; by its shape, prefixes in a mix of lengths as a full table has, in sets of about five. */
export interface TableOptions {
  readonly prefixes: number
  readonly seed: number
  /** Mean number of prefixes per attribute set. */
  readonly perSet: number
  readonly nextHop: readonly number[]
  readonly external: boolean
  readonly asn: number
  /** Where the numbers of the prefixes start, so that tables of several sources do not overlap. */
  readonly base: number
  /** This many prefixes more, numbered from 0, in one set: addresses that every client announces. */
  readonly shared: number
  /** `plain` when left out. */
  readonly shape?: Shape
  /** Where tables overlap: which of how many sources, with the seed of the set sizes that they share. */
  readonly among?: { readonly source: number; readonly sources: number; readonly seed: number }
}

export interface Table {
  /** UPDATEs back to back. */
  readonly octets: Uint8Array
  /** What receivers must be told of it, as UPDATEs of the same form. */
  readonly wanted: Uint8Array
  readonly updates: number
  readonly prefixes: number
}

/** The whole table as octets, ready to write. */
export function buildTable(options: TableOptions): Table {
  const { shape = SHAPES['plain']!, among, shared, prefixes } = options
  const sizes = generator(among?.seed ?? options.seed)
  const random = generator(options.seed + 0x5eed)
  const perSet = shape.perSet ?? options.perSet
  const parts: Uint8Array[] = []
  const wanted: Uint8Array[] = []
  for (let index = 0, set = 0; index < prefixes; set++) {
    const end = Math.min(prefixes, index + 1 + Math.floor(sizes() * (2 * perSet - 1)))
    // Where sources overlap they are the best in turn.
    const wins = among === undefined || set % among.sources === among.source
    const routes = randomRoutes(options, shape, random, index, among !== undefined && wins)
    while (index < end) {
      const nlri: number[] = []
      for (; index < end && nlri.length < NLRI_OCTETS; index++) shape.numbering.push(nlri, options.base + index)
      parts.push(announcement(shape.numbering.family, routes, nlri))
      if (shape.policies) wanted.push(announcement(shape.numbering.family, afterPolicy(routes), nlri))
      else if (wins) wanted.push(parts.at(-1)!)
    }
  }
  if (shared > 0) {
    const own = sharedUpdate(options, shape)
    parts.push(own)
    wanted.push(own)
  }
  return { octets: concat(parts), wanted: concat(wanted), updates: parts.length, prefixes }
}

/** So many in a message of 4,096, attributes besides. */
const NLRI_OCTETS = 2800

interface Routes {
  readonly external: boolean
  readonly asPath: readonly number[]
  readonly nextHop: readonly number[]
  readonly med: number
  readonly communities: readonly number[]
  readonly localPref: number
}

function randomRoutes(
  { external, asn, nextHop }: TableOptions,
  { hops, communities }: Shape,
  random: () => number,
  index: number,
  preferred: boolean,
): Routes {
  const between = ([from, to]: readonly [number, number]) => from + Math.floor(random() * (to - from + 1))
  const asPath = Array.from({ length: between(hops) }, () => 1 + Math.floor(random() * 60_000))
  if (external) asPath.unshift(asn)
  const list = Array.from({ length: between(communities) }, () => Math.floor(random() * 0xfff00000))
  // The index makes every set distinct.
  return { external, asPath, nextHop, med: index + 1, communities: list, localPref: preferred ? 200 : 100 }
}

function afterPolicy(routes: Routes): Routes {
  const [asn, value] = POLICY.community
  return { ...routes, localPref: POLICY.localPref, communities: [...routes.communities, asn * 65_536 + value] }
}

/** All clients say the same of these but for the next hop. */
function sharedUpdate({ external, nextHop, shared }: TableOptions, { numbering }: Shape): Uint8Array {
  const nlri: number[] = []
  for (let index = 0; index < shared; index++) numbering.push(nlri, index)
  return announcement(
    numbering.family,
    { external, asPath: [], nextHop, med: 0, communities: [], localPref: 100 },
    nlri,
  )
}

/** UPDATEs that withdraw the prefixes with these numbers, as many in each as go in. */
export function withdrawals(from: number, count: number): Uint8Array {
  const parts: Uint8Array[] = []
  for (let i = from; i < from + count; ) {
    const nlri: number[] = []
    for (; i < from + count && nlri.length < NLRI_OCTETS; i++) PLAIN.push(nlri, i)
    parts.push(update(Uint8Array.from(nlri), new Uint8Array(0), new Uint8Array(0)))
  }
  return concat(parts)
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const octets = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    octets.set(part, at)
    at += part.length
  }
  return octets
}

/** mulberry32: small, seeded, good enough to mix. */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
