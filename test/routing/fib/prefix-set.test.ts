import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PrefixSet } from '../../../routing/fib/prefix-set.ts'
import { contains, type Prefix, prefix, prefixWords } from '../../../routing/ip/prefix.ts'

/** Few distinct bits, so that prefixes often hold one another. */
const v4 = fc
  .tuple(fc.constantFrom(0, 10, 10, 192), fc.constantFrom(0, 1, 128, 255), fc.constantFrom(0, 64), fc.nat(32))
  .map(([a, b, c, length]) => prefix(`${a}.${b}.${c}.0/${length}`))
const v6 = fc
  .tuple(fc.constantFrom('2001:db8', '2001:db9', 'fd00:1'), fc.constantFrom('0', '1', '8000'), fc.nat(128))
  .map(([a, b, length]) => prefix(`${a}:${b}::${b}/${length}`))
const anyPrefix = fc.oneof(v4, v6)

describe('a set of prefixes', () => {
  test('finds what one look at each of them finds', () => {
    fc.assert(
      fc.property(fc.array(anyPrefix, { maxLength: 30 }), anyPrefix, (members, asked) => {
        const set = new PrefixSet(members)
        const words = members.map(prefixWords)
        const question = prefixWords(asked)
        expect(set.contains(question)).toBe(words.some((each) => contains(each, question)))
        expect(set.isTouchedBy(question)).toBe(words.some((each) => contains(question, each)))
      }),
      { numRuns: 2_000, seed: 1 },
    )
  })

  test('an empty one holds nothing', () => {
    const set = new PrefixSet([])
    for (const each of ['0.0.0.0/0', '::/0', '10.0.0.0/8'] as Prefix[]) {
      expect(set.contains(prefixWords(each))).toBe(false)
      expect(set.isTouchedBy(prefixWords(each))).toBe(false)
    }
  })
})
