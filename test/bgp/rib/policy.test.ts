import { describe, expect, test } from 'vitest'
import type { PolicyRule } from '../../../bgp/contract.ts'
import { PolicyChain } from '../../../bgp/rib/policy.ts'
import { EMPTY_ATTRIBUTES, type PathAttributes } from '../../../bgp/wire/attributes/record.ts'
import { familyByName } from '../../../bgp/wire/families.ts'
import { address } from '../../../routing/ip/address.ts'
import { prefix, prefixWords } from '../../../routing/ip/prefix.ts'

const route: PathAttributes = {
  ...EMPTY_ATTRIBUTES,
  asPath: [{ type: 2, asns: [65001, 65002] }],
  nextHop: address('10.0.0.1'),
  communities: ['65000:1', 'large:65000:1:2'],
}
const all = { prefix: prefix('10.0.0.0/8'), minLength: 8, maxLength: 24 }

function judge(
  rules: Partial<PolicyRule>[],
  { at = '10.1.0.0/16', source = 'external' as const, defaultAction = 'reject' as const } = {},
) {
  const full = rules.map((rule, i) => ({ name: `r${i}`, match: {}, set: {}, action: 'accept' as const, ...rule }))
  const chain = new PolicyChain([{ name: 'p', rules: full, defaultAction }])
  const family = familyByName(at.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast')
  return chain.evaluate(route, family, prefixWords(prefix(at)), source)
}

describe('a rule matches', () => {
  test.each<[string, PolicyRule['match'], boolean]>([
    ['everything when it asks for nothing', {}, true],
    ['its family', { families: ['ipv4-unicast'] }, true],
    ['not another family', { families: ['ipv6-unicast'] }, false],
    ['a prefix inside, of a length within bounds', { prefixes: [all] }, true],
    ['not one that is too short', { prefixes: [{ ...all, minLength: 17 }] }, false],
    ['not one that is too long', { prefixes: [{ ...all, maxLength: 15 }] }, false],
    ['not one outside', { prefixes: [{ ...all, prefix: prefix('11.0.0.0/8') }] }, false],
    ['any of its communities', { communities: { any: ['65000:9', '65000:1'] } }, true],
    ['not without any of them', { communities: { any: ['65000:9'] } }, false],
    ['all of its communities', { communities: { all: ['65000:1', 'large:65000:1:2'] } }, true],
    ['not with one missing', { communities: { all: ['65000:1', '65000:2'] } }, false],
    ['none of its communities', { communities: { none: ['65000:9'] } }, true],
    ['not with one of them', { communities: { none: ['65000:1'] } }, false],
    ['an AS in the path', { asPath: { contains: [65001] } }, true],
    ['not an AS that is not', { asPath: { contains: [65009] } }, false],
    ['the originating AS', { asPath: { originates: [65002] } }, true],
    ['not one that only passes on', { asPath: { originates: [65001] } }, false],
    ['a path that is short enough', { asPath: { maxLength: 2 } }, true],
    ['not a longer one', { asPath: { maxLength: 1 } }, false],
    ['a next hop in a prefix', { nextHops: [prefix('10.0.0.0/24')] }, true],
    ['not one outside of it', { nextHops: [prefix('10.0.1.0/24')] }, false],
    ['its source', { source: 'external' }, true],
    ['not another source', { source: 'internal' }, false],
  ])('%s', (_, match, wanted) => {
    expect(judge([{ match }]).accept).toBe(wanted)
  })
})

describe('rules', () => {
  test('set a next hop for routes of its own family only', () => {
    const set = { nextHop: address('10.9.9.9') }
    expect(judge([{ set }]).attributes.nextHop).toBe('10.9.9.9')
    expect(judge([{ set }], { at: '2001:db8::/32' }).attributes.nextHop).toBe('10.0.0.1')
  })

  test('the first that matches decides', () => {
    expect(judge([{ action: 'reject' }, { action: 'accept' }])).toMatchObject({ accept: false, decidedBy: 'p/r0' })
  })

  test('continue changes the route and goes on', () => {
    const { accept, attributes } = judge([{ action: 'continue', set: { localPref: 200 } }, { set: { med: 7 } }])
    expect([accept, attributes.localPref, attributes.med]).toEqual([true, 200, 7])
  })

  test('the default decides when none does, of the last policy of several', () => {
    expect(judge([], { defaultAction: 'reject' })).toMatchObject({ accept: false, decidedBy: 'p/default' })
    const [a, b] = [
      { name: 'a', rules: [], defaultAction: 'reject' as const },
      { name: 'b', rules: [], defaultAction: 'accept' as const },
    ]
    const chain = new PolicyChain([a, b])
    expect(chain.evaluate(route, familyByName('ipv4-unicast'), undefined, 'internal').decidedBy).toBe('b/default')
  })

  test('set: communities, path, next hop, kernel metric', () => {
    const { attributes, kernelMetric, nextHopSelf } = judge([
      {
        set: {
          addCommunities: ['no-export', '65000:1'],
          removeCommunities: ['large:65000:1:2'],
          prepend: { asn: 65010, times: 2 },
          nextHop: address('10.9.9.9'),
          kernelMetric: 500,
        },
      },
    ])
    expect(attributes.communities).toEqual(['65000:1', 'no-export'])
    expect(attributes.asPath).toEqual([{ type: 2, asns: [65010, 65010, 65001, 65002] }])
    expect([attributes.nextHop, kernelMetric, nextHopSelf]).toEqual(['10.9.9.9', 500, false])
    expect(judge([{ set: { nextHop: 'self' } }]).nextHopSelf).toBe(true)
  })

  test('a route counts as named only when the accepting rule lists prefixes', () => {
    expect(judge([{ match: { prefixes: [all] } }]).named).toBe(true)
    expect(judge([{}]).named).toBe(false)
  })

  test('what no rule changes stays the very same object', () => {
    expect(judge([{}]).attributes).toBe(route)
  })
})
