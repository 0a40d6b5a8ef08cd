import { indexOf, prefixAt } from './addresses.ts'

/** The prefixes of the load are numbered; one way of numbering for each mix of lengths. Written apart from the code under test. */
export interface Numbering {
  readonly family: 4 | 6
  /** Appends the NLRI of the prefix with this number. */
  push(into: number[], index: number): void
  /** The number of the prefix whose NLRI stands at `at`. */
  read(octets: Uint8Array, at: number): number
}

/** `/24` to `/21`: four octets of NLRI each. */
export const PLAIN: Numbering = {
  family: 4,
  push(into, index) {
    const { word, length } = prefixAt(index)
    into.push(length, word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff)
  },
  read: (octets, at) => indexOf(((octets[at + 1]! << 24) | (octets[at + 2]! << 16) | (octets[at + 3]! << 8)) >>> 0),
}

const FIRST_WORD = 0x01000000
const EVERY = 1000

/** Every length from 8 to 32; one of a thousand is shorter than 17. Up to a million prefixes, some inside others. */
export const ALL_LENGTHS: Numbering = {
  family: 4,
  push(into, index) {
    const short = index % EVERY === EVERY - 1
    const block = Math.floor(index / (short ? EVERY * 9 : 16))
    const length = short ? 8 + (Math.floor(index / EVERY) % 9) : 17 + (index % 16)
    const word = short ? FIRST_WORD * (block + 1) : FIRST_WORD + block * 2 ** (32 - length)
    into.push(length)
    for (let bit = 0; bit < length; bit += 8) into.push((word >>> (24 - bit)) & 0xff)
  },
  read(octets, at) {
    const length = octets[at]!
    let word = 0
    for (let i = 0; i < (length + 7) >> 3; i++) word += octets[at + 1 + i]! * 2 ** (24 - 8 * i)
    if (length <= 16) return ((word / FIRST_WORD - 1) * 9 + length - 8) * EVERY + EVERY - 1
    return ((word - FIRST_WORD) / 2 ** (32 - length)) * 16 + length - 17
  },
}

/** `/48`s below `2a00::/16`. */
export const IPV6: Numbering = {
  family: 6,
  push(into, index) {
    into.push(48, 0x2a, 0, index >>> 24, (index >>> 16) & 0xff, (index >>> 8) & 0xff, index & 0xff)
  },
  read: (octets, at) =>
    ((octets[at + 3]! << 24) | (octets[at + 4]! << 16) | (octets[at + 5]! << 8) | octets[at + 6]!) >>> 0,
}
