/** Sources are 10.99.16.1 and on, receivers 10.99.32.1 and on. */
export function addressOf(role: number, index: number): number[] {
  return [10, 99, role * 16 + Math.floor(index / 250), (index % 250) + 1]
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
