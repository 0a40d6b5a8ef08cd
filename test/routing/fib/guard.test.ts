import { describe, expect, test } from 'vitest'
import { Guard } from '../../../routing/fib/guard.ts'
import { REFUSAL_WORDS, REFUSALS, refusalCode, refusalOf } from '../../../routing/fib/refusals.ts'
import { address } from '../../../routing/ip/address.ts'
import { prefix, prefixWords } from '../../../routing/ip/prefix.ts'

const guard = new Guard({
  ownPrefixes: ['10.244.1.0/24', '203.0.113.10/32', '2001:db8:1::/64', '198.51.100.128/25'].map(prefix),
  protectedAddresses: ['172.16.0.1', '192.0.2.254', '2001:db8:ffff::1'].map(address),
  localSubnets: ['192.0.2.0/24', '127.0.0.0/8', '2001:db8:2::/64', '10.96.0.1/32'].map(prefix),
})

describe('of routes nobody named', () => {
  test.each([
    ['10.244.1.0/24', 'OwnPrefix'],
    ['10.244.1.128/25', 'OwnPrefix'],
    ['10.244.1.7/32', 'OwnPrefix'],
    ['203.0.113.10/32', 'OwnPrefix'],
    ['2001:db8:1::5/128', 'OwnPrefix'],
    ['10.244.0.0/16', 'CoversOwnPrefix'],
    ['198.51.100.0/24', 'CoversOwnPrefix'],
    ['172.16.0.1/32', 'ProtectedAddress'],
    ['172.16.0.0/12', 'CoversProtectedAddress'],
    ['2001:db8:ffff::/48', 'CoversProtectedAddress'],
    ['192.0.2.0/24', 'InsideLocalSubnet'],
    ['192.0.2.17/32', 'InsideLocalSubnet'],
    ['192.0.2.254/32', 'ProtectedAddress'],
    ['192.0.0.0/16', 'CoversLocalSubnet'],
    ['2001:db8::/32', 'CoversLocalSubnet'],
    ['10.96.0.1/32', 'InsideLocalSubnet'],
    ['0.0.0.0/0', 'DefaultRoute'],
    ['::/0', 'DefaultRoute'],
  ])('%s is refused: %s', (text, reason) => {
    expect(guard.refusal(prefixWords(prefix(text)), false)).toBe(reason)
  })

  test.each([
    ['another pod CIDR', '10.244.2.0/24'],
    ['another service', '203.0.113.11/32'],
    ['what covers a service address, which is no network', '203.0.113.0/24'],
    ['what covers a lone address of ours', '10.96.0.0/12'],
    ['a neighbour of a local subnet', '192.0.3.0/24'],
    ['an IPv6 pod CIDR', '2001:db8:1:1::/64'],
  ])('%s passes', (_, text) => {
    expect(guard.refusal(prefixWords(prefix(text)), false)).toBeUndefined()
  })
})

describe('a rule that names the prefix', () => {
  test.each(['0.0.0.0/0', '::/0', '10.244.0.0/16', '192.0.0.0/16', '172.16.0.0/12', '2001:db8::/32'])(
    'allows %s',
    (text) => {
      expect(guard.refusal(prefixWords(prefix(text)), true)).toBeUndefined()
    },
  )

  test.each([
    ['10.244.1.0/24', 'OwnPrefix'],
    ['203.0.113.10/32', 'OwnPrefix'],
    ['172.16.0.1/32', 'ProtectedAddress'],
    ['192.0.2.17/32', 'InsideLocalSubnet'],
  ])('does not allow %s: %s', (text, reason) => {
    expect(guard.refusal(prefixWords(prefix(text)), true)).toBe(reason)
  })
})

test('every refusal has a number and words', () => {
  for (const each of REFUSALS) {
    expect(refusalOf(refusalCode(each))).toBe(each)
    expect(REFUSAL_WORDS[each]).toMatch(/^(it|another) /)
  }
  expect(refusalOf(0)).toBeUndefined()
})
