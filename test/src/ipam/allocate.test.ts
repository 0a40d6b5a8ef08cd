import { describe, expect, test } from 'vitest'
import { type Address, address } from '../../../routing/ip/address.ts'
import { allocate } from '../../../src/ipam/allocate.ts'
import type { Claim } from '../../../src/ipam/claim.ts'
import type { Pools } from '../../../src/ipam/pools.ts'
import { claim, pools } from './services.ts'

/** `shop/web`: `192.0.2.1 Allocated`. */
function outcome(claims: readonly Claim[], of: Pools, resting: readonly Address[] = []) {
  const { decisions } = allocate(claims, of, new Set(resting))
  return Object.fromEntries(
    decisions.map(({ claim, addresses, reason }) => [claim.name, [...addresses, reason].join(' ')]),
  )
}

/** The outcome of one Service, and of those that were there before. */
const one = (facts: Parameters<typeof claim>[1], of: Pools, ...others: Claim[]) =>
  outcome([...others, claim('shop/web', { age: 50, ...facts })], of)['shop/web']

const small = pools({ a: ['192.0.2.8/30'] })
const dual = ['IPv4', 'IPv6'] as const

describe('which address', () => {
  test.each([
    ['a prefix, from its first address', ['192.0.2.8/30'], '192.0.2.8'],
    ['a range', ['198.51.100.10-198.51.100.20'], '198.51.100.10'],
    ['an IPv6 prefix is none for an IPv4 Service', ['2001:db8::/120', '192.0.2.1/32'], '192.0.2.1'],
    ['ranges in the order they stand', ['192.0.2.9/32', '192.0.2.1/32'], '192.0.2.9'],
  ])('%s', (_, addresses, expected) => {
    expect(one({}, pools({ a: addresses }))).toBe(`${expected} Allocated`)
  })

  test.each([
    [['192.0.2.8/30'], '192.0.2.9'],
    [['192.0.2.8/31'], '192.0.2.8'],
    [['192.0.2.8/32'], '192.0.2.8'],
    [['192.0.2.0-192.0.2.3'], '192.0.2.0'],
  ])('avoidFirstLast of %j gives %s first', (addresses, expected) => {
    expect(one({}, pools({ a: { addresses, avoidFirstLast: true } }))).toBe(`${expected} Allocated`)
  })

  test('avoidFirstLast holds for requests, and not for what a Service has already', () => {
    const avoiding = pools({ a: { addresses: ['192.0.2.8/30'], avoidFirstLast: true } })
    expect(one({ ips: '192.0.2.8' }, avoiding)).toBe('NotInPool')
    expect(one({ has: ['192.0.2.8'] }, avoiding)).toBe('192.0.2.8 Allocated')
  })

  test('one that rests is left out, unless it is asked for', () => {
    const resting = [address('192.0.2.8')]
    expect(outcome([claim('s/a')], small, resting)).toEqual({ 's/a': '192.0.2.9 Allocated' })
    expect(outcome([claim('s/a', { ips: '192.0.2.8' })], small, resting)).toEqual({ 's/a': '192.0.2.8 Allocated' })
  })

  test('of Services that want the last one, the oldest gets it', () => {
    const of = pools({ a: ['192.0.2.1/32'] })
    expect(outcome([claim('s/young', { age: 2 }), claim('s/old', { age: 1 })], of)).toEqual({
      's/old': '192.0.2.1 Allocated',
      's/young': 'PoolExhausted',
    })
  })
})

describe('which pool', () => {
  const of = pools({
    late: { addresses: ['192.0.2.1/32'], priority: 200 },
    early: { addresses: ['192.0.2.2/32'], priority: 50 },
    tenant: { addresses: ['192.0.2.3/32'], priority: 50, namespaceSelector: { matchLabels: { tenant: 'x' } } },
    gold: { addresses: ['192.0.2.4/32'], priority: 10, serviceSelector: { matchLabels: { tier: 'gold' } } },
    manual: { addresses: ['192.0.2.5/32'], priority: 1, autoAssign: false },
  })
  test.each([
    ['the smallest number first', {}, '192.0.2.2 Allocated'],
    ['selectors before none at the same priority', { namespaceLabels: { tenant: 'x' } }, '192.0.2.3 Allocated'],
    ['labels of the Service', { labels: { tier: 'gold' } }, '192.0.2.4 Allocated'],
    ['autoAssign false: by name', { pool: 'manual' }, '192.0.2.5 Allocated'],
    ['autoAssign false: by address', { ips: '192.0.2.5' }, '192.0.2.5 Allocated'],
    ['by name, against priority', { pool: 'late' }, '192.0.2.1 Allocated'],
    ['one that is not there', { pool: 'none' }, 'UnknownPool'],
    ['one whose selectors say no', { pool: 'gold' }, 'NotAllowed'],
    ['an address of one whose selectors say no', { ips: '192.0.2.4' }, 'NotAllowed'],
    ['address and pool that agree', { pool: 'late', ips: '192.0.2.1' }, '192.0.2.1 Allocated'],
    ['address and pool that do not', { pool: 'late', ips: '192.0.2.2' }, 'NotInPool'],
    ['no pool of the family', { families: ['IPv6'] as const }, 'NoPool'],
  ])('%s', (_, facts, expected) => {
    expect(one(facts, of)).toBe(expected)
  })

  test('the next one when the first is full', () => {
    const first = claim('s/first', { has: ['192.0.2.2'] })
    expect(one({}, of, first)).toBe('192.0.2.1 Allocated')
  })

  test('of pools that overlap the older one; what the younger gave stays', () => {
    const both = pools({ old: ['192.0.2.0/31'], young: ['192.0.2.1-192.0.2.9'] })
    expect(one({ pool: 'young' }, both)).toBe('PoolOverlaps')
    expect(one({ has: ['192.0.2.5'] }, both)).toBe('192.0.2.5 Allocated')
    const full = [claim('s/a', { has: ['192.0.2.0'] }), claim('s/b', { has: ['192.0.2.1'] })]
    expect(one({}, both, ...full)).toBe('PoolExhausted')
  })
})

describe('requests', () => {
  test.each([
    ['the annotation', { ips: '192.0.2.10' }, '192.0.2.10 Allocated'],
    ['spec.loadBalancerIP', { loadBalancerIP: '192.0.2.10' }, '192.0.2.10 Allocated'],
    ['both', { ips: '192.0.2.10', loadBalancerIP: '192.0.2.10' }, 'InvalidRequest'],
    ['no address', { ips: 'web.example' }, 'InvalidRequest'],
    ['another family', { ips: '2001:db8::1' }, 'InvalidRequest'],
    ['two of one family', { ips: '192.0.2.9,192.0.2.10' }, 'InvalidRequest'],
    ['outside of all pools', { ips: '203.0.113.1' }, 'NotInPool'],
  ])('%s', (_, facts, expected) => {
    expect(one(facts, small)).toBe(expected)
  })

  test('an address that another Service has is not given', () => {
    expect(one({ ips: '192.0.2.8' }, small, claim('s/a', { has: ['192.0.2.8'] }))).toBe('AddressInUse')
  })

  test('an address of a Service of another load balancer is taken too', () => {
    const foreign = claim('s/foreign', { class: 'example.com/lb', has: ['192.0.2.8'] })
    expect(outcome([foreign, claim('s/a')], small)).toEqual({ 's/a': '192.0.2.9 Allocated' })
  })

  test('a Service moves to what it asks for, and keeps what it has while it cannot', () => {
    expect(one({ has: ['192.0.2.8'], ips: '192.0.2.10' }, small)).toBe('192.0.2.10 Allocated')
    const other = claim('s/a', { has: ['192.0.2.10'] })
    expect(one({ has: ['192.0.2.8'], ips: '192.0.2.10' }, small, other)).toBe('192.0.2.8 AddressInUse')
    const two = pools({ a: ['192.0.2.8/30'], b: ['192.0.2.1/32'] })
    expect(one({ has: ['192.0.2.8'], pool: 'b' }, two)).toBe('192.0.2.1 Allocated')
  })
})

describe('what a Service has', () => {
  test.each([
    ['stays when its pool does not select it any more', { serviceSelector: { matchLabels: { a: 'b' } } }],
    ['stays when its pool is for requests only', { autoAssign: false }],
    ['stays when its pool grows at the front', { addresses: ['192.0.2.0/24'] }],
  ])('%s', (_, spec) => {
    const of = pools({ a: { addresses: ['192.0.2.8/30'], ...spec } })
    expect(one({ has: ['192.0.2.9'] }, of)).toBe('192.0.2.9 Allocated')
  })

  test('stays when no pool has it, unless a pool that may serve the Service says Reassign', () => {
    const reassign = (more: object = {}) =>
      pools({ a: { addresses: ['192.0.2.8/30'], onRemoval: 'Reassign', ...more } })
    expect(one({ has: ['203.0.113.1'] }, small)).toBe('203.0.113.1 OutsidePools')
    expect(one({ has: ['203.0.113.1'] }, reassign())).toBe('192.0.2.8 Allocated')
    expect(one({ has: ['203.0.113.1'] }, reassign({ autoAssign: false }))).toBe('203.0.113.1 OutsidePools')
    expect(one({ has: ['203.0.113.1'], pool: 'a' }, reassign({ autoAssign: false }))).toBe('192.0.2.8 Allocated')
    const full = pools({ a: { addresses: ['192.0.2.8/32'], onRemoval: 'Reassign' } })
    expect(one({ has: ['203.0.113.1'] }, full, claim('s/a', { has: ['192.0.2.8'] }))).toBe('203.0.113.1 OutsidePools')
  })

  test('is for one Service only: of two with the same address the older keeps it', () => {
    const two = [claim('s/young', { age: 2, has: ['192.0.2.8'] }), claim('s/old', { age: 1, has: ['192.0.2.8'] })]
    expect(outcome(two, small)).toEqual({ 's/old': '192.0.2.8 Allocated', 's/young': '192.0.2.9 Allocated' })
  })
})

describe('sharing', () => {
  const holder = { has: ['192.0.2.8'], key: 'k', ports: ['TCP/80'] }
  test.each([
    ['another port', { key: 'k', ports: ['TCP/443'] }, {}, '192.0.2.8'],
    ['another protocol of the same port', { key: 'k', ports: ['UDP/80'] }, {}, '192.0.2.8'],
    ['the same port', { key: 'k', ports: ['TCP/443', 'TCP/80'] }, {}, '192.0.2.9'],
    ['another key', { key: 'other', ports: ['TCP/443'] }, {}, '192.0.2.9'],
    ['no key', { ports: ['TCP/443'] }, {}, '192.0.2.9'],
    ['Local and Cluster', { key: 'k', ports: ['TCP/443'], local: true }, {}, '192.0.2.9'],
    [
      'Local with the same selector',
      { key: 'k', ports: ['TCP/443'], local: true, selector: { b: '1', a: '2' } },
      { local: true, selector: { a: '2', b: '1' } },
      '192.0.2.8',
    ],
    [
      'Local with another selector',
      { key: 'k', ports: ['TCP/443'], local: true, selector: { a: '2' } },
      { local: true, selector: { a: '1' } },
      '192.0.2.9',
    ],
  ])('%s', (_, facts, of, expected) => {
    const before = claim('shop/first', { ...holder, ...of })
    expect(one(facts, small, before)).toBe(`${expected} Allocated`)
  })

  test.each([
    ['neither allows it', undefined, undefined, '192.0.2.9'],
    ['one allows it', '*', undefined, '192.0.2.9'],
    ['both allow it', '*', 'shop', '192.0.2.8'],
    ['the other namespace is not named', 'mail', 'shop', '192.0.2.9'],
  ])('across namespaces, when %s', (_, mine, theirs, expected) => {
    const opt = (text: string | undefined) => (text === undefined ? {} : { crossNamespace: text })
    const before = claim('bank/first', { ...holder, ...opt(theirs) })
    expect(one({ key: 'k', ports: ['TCP/443'], ...opt(mine) }, small, before)).toBe(`${expected} Allocated`)
  })

  test('ends when the port or the key of one changes; the younger moves', () => {
    const first = claim('shop/first', holder)
    expect(one({ has: ['192.0.2.8'], key: 'k', ports: ['TCP/80'] }, small, first)).toBe('192.0.2.9 Allocated')
    expect(one({ has: ['192.0.2.8'], key: 'new', ports: ['TCP/443'] }, small, first)).toBe('192.0.2.9 Allocated')
    expect(one({ has: ['192.0.2.8'], key: 'new' }, small)).toBe('192.0.2.8 Allocated')
  })

  test('only in the pool that is asked for', () => {
    const two = pools({ a: ['192.0.2.8/30'], b: ['192.0.2.1/32'] })
    const first = claim('shop/first', holder)
    expect(one({ key: 'k', ports: ['TCP/443'], pool: 'b' }, two, first)).toBe('192.0.2.1 Allocated')
  })
})

describe('two families', () => {
  const both = pools({ a: ['192.0.2.8/30', '2001:db8::/126'] })
  const apart = pools({ a: ['192.0.2.8/30'], b: ['2001:db8::/126'] })
  const required = { policy: 'RequireDualStack', families: dual } as const
  const preferred = { policy: 'PreferDualStack', families: dual } as const
  test.each([
    ['from one pool', required, both, '192.0.2.8 2001:db8:: Allocated'],
    ['from two', required, apart, '192.0.2.8 2001:db8:: Allocated'],
    ['in their order', { ...required, families: ['IPv6', 'IPv4'] }, both, '2001:db8:: 192.0.2.8 Allocated'],
    ['one only, for SingleStack', { families: dual }, both, '192.0.2.8 Allocated'],
    ['both or none, where they are required', required, small, 'NoPool'],
    ['one, where they are preferred', preferred, small, '192.0.2.8 PartlyAllocated'],
    ['the other one later', { ...preferred, has: ['192.0.2.9'] }, both, '192.0.2.9 2001:db8:: Allocated'],
    ['what it had when both are required later', { ...required, has: ['192.0.2.9'] }, small, '192.0.2.9 NoPool'],
    ['none too many when it needs one again', { has: ['192.0.2.9', '2001:db8::1'] }, both, '192.0.2.9 Allocated'],
    ['one asked for and one not', { ...required, ips: '2001:db8::3' }, apart, '192.0.2.8 2001:db8::3 Allocated'],
  ] as const)('%s', (_, facts, of, expected) => {
    expect(one(facts, of)).toBe(expected)
  })

  test('what one gets not for want of the other family, the next one gets', () => {
    const of = pools({ a: ['192.0.2.1/32'] })
    const needsBoth = claim('s/both', { age: 1, ...required })
    expect(outcome([needsBoth, claim('s/one', { age: 2 })], of)).toEqual({
      's/both': 'NoPool',
      's/one': '192.0.2.1 Allocated',
    })
  })
})
