import {
  type Address,
  addressFromWords,
  addressOctets,
  type Family,
  familyOf,
  parseAddress,
} from '../../routing/ip/address.ts'
import { maxLength, parsePrefixWords } from '../../routing/ip/prefix.ts'

/** Addresses of one family from `first` to `last`, both among them. */
export interface AddressRange {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

/** The range that a prefix or two addresses joined by a hyphen mean; undefined: none, as when the last is before the first. */
export function parseRange(text: string): AddressRange | undefined {
  const prefix = parsePrefixWords(text)
  if (prefix !== undefined) {
    const [base = ''] = text.split('/')
    const size = 1n << BigInt(maxLength(prefix.family) - prefix.length)
    const value = addressValue(parseAddress(base) as Address)
    const first = value - (value % size)
    return { family: prefix.family, first, last: first + size - 1n }
  }
  const [from, to] = text.split('-').map(parseAddress)
  if (from === undefined || to === undefined || familyOf(from) !== familyOf(to)) return undefined
  const [first, last] = [addressValue(from), addressValue(to)]
  return first <= last ? { family: familyOf(from), first, last } : undefined
}

/** Less its first and last address, where it is an IPv4 prefix that has both (RFC 3021: a /31 has neither). */
export function withoutFirstLast(text: string, range: AddressRange): AddressRange {
  const isPrefix = text.includes('/')
  if (!isPrefix || range.family === 6 || range.last - range.first < 3n) return range
  return { ...range, first: range.first + 1n, last: range.last - 1n }
}

/** The ranges of one family in order, where they meet or overlap made one. */
export function merged(ranges: readonly AddressRange[], family: Family): AddressRange[] {
  const sorted = ranges.filter((range) => range.family === family).toSorted((a, b) => (a.first < b.first ? -1 : 1))
  const result: AddressRange[] = []
  for (const range of sorted) {
    const before = result.at(-1)
    if (before === undefined || range.first > before.last + 1n) result.push(range)
    else if (range.last > before.last) result[result.length - 1] = { ...before, last: range.last }
  }
  return result
}

export function addressValue(address: Address): bigint {
  let value = 0n
  for (const octet of addressOctets(address)) value = (value << 8n) | BigInt(octet)
  return value
}

export function addressOf(family: Family, value: bigint): Address {
  const word = (index: bigint) => Number((value >> (32n * index)) & 0xffff_ffffn)
  return family === 4 ? addressFromWords(4, word(0n)) : addressFromWords(6, word(3n), word(2n), word(1n), word(0n))
}
