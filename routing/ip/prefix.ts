import { type Address, addressFromWords, addressWords, type Family, familyOf, parseAddress } from './address.ts'

/** A prefix in canonical text (`10.1.0.0/24`): host bits are zero, equal prefixes are equal strings. */
export type Prefix = string & { readonly __brand: 'Prefix' }

/** A prefix as numbers: one word for IPv4, four for IPv6, most significant first; host bits are zero. */
export interface PrefixWords {
  family: Family
  w0: number
  w1: number
  w2: number
  w3: number
  length: number
}

/** Reads `address/length` and masks host bits; `undefined` when the text is not a prefix. */
export function parsePrefix(text: string): Prefix | undefined {
  const words = parsePrefixWords(text)
  return words && formatPrefix(words)
}

/** As `parsePrefix`, for text that is known to be right. */
export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text)
  if (parsed === undefined) throw new TypeError(`not a prefix: ${text}`)
  return parsed
}

export function parsePrefixWords(text: string): PrefixWords | undefined {
  const [addressText = '', lengthText = '', ...rest] = text.split('/')
  const parsed = parseAddress(addressText)
  if (parsed === undefined || rest.length > 0 || !/^\d{1,3}$/.test(lengthText)) return undefined
  const family = familyOf(parsed)
  const length = Number(lengthText)
  if (length > maxLength(family)) return undefined
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = addressWords(parsed)
  return {
    family,
    w0: (w0 & maskWord(length, 0)) >>> 0,
    w1: (w1 & maskWord(length, 1)) >>> 0,
    w2: (w2 & maskWord(length, 2)) >>> 0,
    w3: (w3 & maskWord(length, 3)) >>> 0,
    length,
  }
}

export function prefixWords(prefix: Prefix): PrefixWords {
  const words = parsePrefixWords(prefix)
  if (words === undefined) throw new TypeError(`not a prefix: ${prefix}`)
  return words
}

export function formatPrefix(words: PrefixWords): Prefix {
  return `${addressFromWords(words.family, words.w0, words.w1, words.w2, words.w3)}/${words.length}` as Prefix
}

/** The prefix that holds this one address only (`/32` or `/128`). */
export function hostPrefix(address: Address): Prefix {
  return `${address}/${maxLength(familyOf(address))}` as Prefix
}

export function maxLength(family: Family): number {
  return family === 4 ? 32 : 128
}

/** The mask of the `index`-th 32-bit word of a prefix of this length. */
export function maskWord(length: number, index: number): number {
  const bits = Math.min(32, Math.max(0, length - 32 * index))
  return bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0
}

/** Does `outer` hold every address of `inner`? */
export function contains(outer: PrefixWords, inner: PrefixWords): boolean {
  const { length } = outer
  return (
    outer.family === inner.family &&
    length <= inner.length &&
    ((outer.w0 ^ inner.w0) & maskWord(length, 0)) === 0 &&
    ((outer.w1 ^ inner.w1) & maskWord(length, 1)) === 0 &&
    ((outer.w2 ^ inner.w2) & maskWord(length, 2)) === 0 &&
    ((outer.w3 ^ inner.w3) & maskWord(length, 3)) === 0
  )
}

export function overlaps(a: PrefixWords, b: PrefixWords): boolean {
  return contains(a, b) || contains(b, a)
}
