import { attributes, update } from './octets.ts'

/** A table to announce: prefixes in a mix of lengths as a full table has, in sets of about five. */
export interface TableOptions {
  readonly prefixes: number
  readonly seed: number
  /** Mean number of prefixes per attribute set. */
  readonly perSet: number
  readonly nextHop: readonly number[]
  readonly external: boolean
  readonly asn: number
  /** Where the addresses start, so that tables of several sources do not overlap. */
  readonly base: number
  /** This many prefixes more, numbered from 0, in one set: addresses that every client announces. */
  readonly shared: number
}

/** The prefix with this number: `/24` to `/21`, never overlapping, in unicast space but loopback and link-local. Word and length. */
export function prefixAt(index: number): { readonly word: number; readonly length: number } {
  const length = index >= BLOCKS ? 24 : 24 - (index % 5 === 0 ? index % 4 : 0)
  // A block of 2^12 addresses for each of the first ones; the rest lies in the gaps between, 2^9 apart.
  const address = 0x01000000 + (index % BLOCKS) * 4096 + Math.floor(index / BLOCKS) * 512
  let word = address < 0x7f000000 ? address : address + 0x01000000
  if (word >= 0xa9fe0000) word += 0x10000
  return { word: (word & (-1 << (32 - length))) >>> 0, length }
}

const BLOCKS = 880_000

/** The number of the prefix with this address: `prefixAt` backwards. */
export function indexOf(word: number): number {
  let address = word >= 0xa9ff0000 ? word - 0x10000 : word
  if (address >= 0x80000000) address -= 0x01000000
  const offset = address - 0x01000000
  return (offset >>> 12) + BLOCKS * ((offset & 0xfff) >>> 9)
}

export interface Table {
  /** UPDATEs back to back. */
  readonly octets: Uint8Array
  readonly updates: number
  readonly prefixes: number
}

/** The whole table as octets, ready to write. */
export function buildTable(options: TableOptions): Table {
  const random = generator(options.seed)
  const parts: Uint8Array[] = []
  let index = 0
  while (index < options.prefixes) {
    const wanted = 1 + Math.floor(random() * (2 * options.perSet - 1))
    const end = Math.min(index + wanted, options.prefixes)
    const set = randomAttributes(options, random, index)
    while (index < end) {
      const nlri: number[] = []
      for (const last = Math.min(end, index + PREFIXES_EACH); index < last; index++)
        pushPrefix(nlri, options.base + index)
      parts.push(update(new Uint8Array(0), set, Uint8Array.from(nlri)))
    }
  }
  if (options.shared > 0) parts.push(sharedUpdate(options))
  return { octets: concat(parts), updates: parts.length, prefixes: options.prefixes }
}

/** All clients say the same of these but for the next hop. */
function sharedUpdate(options: TableOptions): Uint8Array {
  const nlri: number[] = []
  for (let index = 0; index < options.shared; index++) pushPrefix(nlri, index)
  const set = attributes({ external: options.external, asPath: [], nextHop: options.nextHop, med: 0, communities: [] })
  return update(new Uint8Array(0), set, Uint8Array.from(nlri))
}

/** UPDATEs that withdraw the prefixes with these numbers, as many in each as go in. */
export function withdrawals(from: number, count: number): Uint8Array {
  const parts: Uint8Array[] = []
  for (let start = 0; start < count; start += PREFIXES_EACH) {
    const nlri: number[] = []
    for (let i = start; i < Math.min(count, start + PREFIXES_EACH); i++) pushPrefix(nlri, from + i)
    parts.push(update(Uint8Array.from(nlri), new Uint8Array(0), new Uint8Array(0)))
  }
  return concat(parts)
}

/** Four octets each, in messages of 4,096 that may have attributes besides. */
const PREFIXES_EACH = 900

/** NLRI of the prefix with this number. */
export function encodePrefixAt(index: number): Uint8Array {
  const nlri: number[] = []
  pushPrefix(nlri, index)
  return Uint8Array.from(nlri)
}

function randomAttributes(options: TableOptions, random: () => number, index: number): Uint8Array {
  const hops = 1 + Math.floor(random() * 6)
  const asPath = Array.from({ length: hops }, () => 1 + Math.floor(random() * 60_000))
  if (options.external) asPath.unshift(options.asn)
  const communities = Array.from({ length: Math.floor(random() * 5) }, () => Math.floor(random() * 0xfff00000))
  // The index makes every set distinct.
  return attributes({ external: options.external, asPath, nextHop: options.nextHop, med: index + 1, communities })
}

function pushPrefix(into: number[], index: number): void {
  const { word, length } = prefixAt(index)
  into.push(length, word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff)
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
