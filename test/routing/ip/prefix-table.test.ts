import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { address, compareAddresses, isLinkLocal, parseAddress } from '../../../routing/ip/address.ts'
import { contains, formatPrefix, overlaps, parsePrefix, prefix, prefixWords } from '../../../routing/ip/prefix.ts'
import { emptyPrefix, PrefixTable } from '../../../routing/ip/prefix-table.ts'

describe('addresses', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['2001:DB8::0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['fe80::1:2:3:4', 'fe80::1:2:3:4'],
  ])('%s is written %s (RFC 5952)', (text, canonical) => {
    expect(parseAddress(text)).toBe(canonical)
  })

  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%eth0',
    '::1.2.3',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  test('sort by family, then by value', () => {
    const sorted = ['9.0.0.0', '10.0.0.0', '::', '2001:db8::'].map(address)
    expect([...sorted].reverse().sort(compareAddresses)).toEqual(sorted)
  })

  test.each([
    ['fe80::1', true],
    ['febf::1', true],
    ['fec0::1', false],
    ['10.0.0.1', false],
  ] as const)('%s is link-local: %s', (text, is) => {
    expect(isLinkLocal(address(text))).toBe(is)
  })
})

describe('prefixes', () => {
  test.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3/32', '10.1.2.3/32'],
    ['255.255.255.255/0', '0.0.0.0/0'],
    ['2001:db8:ffff:ffff:ffff::/33', '2001:db8:8000::/33'],
    ['2001:db8::1/128', '2001:db8::1/128'],
  ])('%s is %s', (text, masked) => {
    expect(parsePrefix(text)).toBe(masked)
    expect(formatPrefix(prefixWords(prefix(text)))).toBe(masked)
  })

  test.each(['10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0.0/', 'x/8'])(
    '%j is none',
    (text) => {
      expect(parsePrefix(text)).toBeUndefined()
    },
  )

  test('containment and overlap', () => {
    const words = (text: string) => prefixWords(prefix(text))
    expect(contains(words('10.0.0.0/8'), words('10.9.0.0/16'))).toBe(true)
    expect(contains(words('10.9.0.0/16'), words('10.0.0.0/8'))).toBe(false)
    expect(overlaps(words('10.9.0.0/16'), words('10.0.0.0/8'))).toBe(true)
    expect(contains(words('0.0.0.0/0'), words('::/0'))).toBe(false)
    expect(contains(words('2001:db8::/65'), words('2001:db8::8000:0:0:0/66'))).toBe(false)
  })
})

describe('a prefix table', () => {
  test.each([4, 6] as const)('is a map from prefix to id through any history (IPv%i)', (family) => {
    const word = fc.constantFrom(0, 0x0a000000, 0x0a010000, 0xc0a80000, 0xffffff00, 0xfffffffe)
    const command = fc.record({
      w0: word,
      w3: word,
      length: fc.integer({ min: 8, max: family === 4 ? 32 : 128 }),
      add: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(command, { minLength: 100, maxLength: 3000 }), (commands) => {
        const table = new PrefixTable(family, 1)
        const ids = new Map<string, number>()
        for (const { w0, w3, length, add } of commands) {
          const words: [number, number, number, number, number] =
            family === 4 ? [w0, 0, 0, 0, length] : [w0, 1, 2, w3, length]
          const key = words.join()
          expect(table.find(...words)).toBe(ids.get(key) ?? 0)
          if (add) ids.set(key, table.intern(...words))
          else if (ids.has(key)) {
            table.release(ids.get(key)!)
            ids.delete(key)
          }
        }
        expect(table.size).toBe(ids.size)
        expect(new Set(ids.values()).size).toBe(ids.size)
        for (const [key, id] of ids) {
          const { w0, w1, w2, w3, length } = table.read(id, emptyPrefix(family))
          expect([w0, w1, w2, w3, length].join()).toBe(key)
          expect(table.has(id)).toBe(true)
        }
      }),
      { numRuns: 40, seed: 1 },
    )
  })

  test('grows past its first rows and gives the memory back when it is empty', () => {
    const table = new PrefixTable(4, 1)
    const ids = Array.from({ length: 50_000 }, (_, i) => table.intern((i << 8) >>> 0, 0, 0, 0, 24))
    expect(table.capacity).toBeGreaterThanOrEqual(50_000)
    expect(table.format(ids[258]!)).toBe('0.1.2.0/24')
    for (const id of ids) table.release(id)
    expect([table.size, table.capacity]).toEqual([0, 1024])
  })
})
