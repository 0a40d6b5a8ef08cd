import { describe, expect, test } from 'vitest'
import type { Family } from '../../../routing/ip/address.ts'
import { PrefixTable } from '../../../routing/ip/prefix-table.ts'

const COUNT = 100_000

/** Shapes in which tables come: prefixes in a row, with gaps, hosts, subnets of one IPv6 network. */
const SHAPES: readonly {
  readonly name: string
  readonly family: Family
  prefix(i: number): readonly [number, number, number, number, number]
}[] = [
  { name: '/24s in a row', family: 4, prefix: (i) => [(0x0a000000 + (i << 8)) | 0, 0, 0, 0, 24] },
  { name: 'hosts in a row', family: 4, prefix: (i) => [0x0a000000 + i, 0, 0, 0, 32] },
  { name: '/24s with gaps', family: 4, prefix: (i) => [0x01000000 + i * 4096, 0, 0, 0, 24] },
  { name: 'one address in every length', family: 4, prefix: (i) => [(i >> 3) << 15, 0, 0, 0, 17 + (i & 7)] },
  { name: 'IPv6 /64s in a row', family: 6, prefix: (i) => [0x20010db8, i, 0, 0, 64] },
  { name: 'IPv6 hosts in a row', family: 6, prefix: (i) => [0x20010db8, 0, 0, i, 128] },
]

/** Linear probing at half load looks at one and a half slots for a random hash (Knuth, volume 3, section 6.4). */
const MOST_PROBES = 1.6

describe.each(SHAPES)('a table of $name', ({ family, prefix }) => {
  test('is found by few probes, whatever the seed', () => {
    for (const seed of [0, 1, 0x9e3779b1]) {
      const table = new PrefixTable(family, seed)
      for (let i = 0; i < COUNT; i++) table.intern(...prefix(i))
      expect(table.size).toBe(COUNT)
      expect(table.meanProbes).toBeLessThan(MOST_PROBES)
    }
  })
})

test('a table grows a few times only, and is not copied for each prefix', () => {
  const table = new PrefixTable(4, 1)
  const capacities = new Set<number>()
  for (let i = 0; i < COUNT * 5; i++) {
    table.intern(i << 8, 0, 0, 0, 24)
    capacities.add(table.capacity)
  }
  expect(capacities.size).toBeLessThanOrEqual(10)
})
