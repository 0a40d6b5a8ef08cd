import { describe, expect, test } from 'vitest'
import type { KernelTarget } from '../../../routing/fib/kernel-target.ts'
import { type Address, address } from '../../../routing/ip/address.ts'
import { prefix } from '../../../routing/ip/prefix.ts'
import type { Link } from '../../../routing/links/kernel-links.ts'
import { LinkTable } from '../../../routing/links/link-table.ts'
import { resolveNextHop } from '../../../routing/links/next-hops.ts'

const link = (index: number, name: string, up: boolean, ...addresses: string[]): Link => ({
  index,
  name,
  up,
  loopback: name === 'lo',
  addresses: addresses.map((text) => ({ address: address(text.split('/')[0] ?? ''), subnet: prefix(text) })),
})

const links = new LinkTable([
  link(1, 'lo', true, '127.0.0.1/8'),
  link(2, 'eth0', true, '192.0.2.1/24', '2001:db8::1/64', 'fe80::1/64'),
  link(3, 'eth1', true, '192.0.2.129/28', 'fe80::2/64'),
  link(4, 'eth2', false, '198.51.100.1/24'),
])

const FOREIGN: Readonly<Record<string, KernelTarget>> = {
  '203.0.113.1': {
    type: 'unicast',
    metric: 20,
    nextHops: [{ gateway: address('192.0.2.9'), interfaceIndex: 2, weight: 1 }],
  },
  '203.0.113.2': { type: 'unicast', metric: 0, nextHops: [{ interfaceIndex: 3, weight: 1 }] },
  '203.0.113.3': {
    type: 'unicast',
    metric: 0,
    nextHops: [{ gateway: address('198.51.100.9'), interfaceIndex: 4, weight: 1 }],
  },
  '203.0.113.4': { type: 'blackhole', metric: 0, nextHops: [] },
}
/** There is a default route for 203.0.113.7 alone. */
const DEFAULT: KernelTarget = {
  type: 'unicast',
  metric: 0,
  nextHops: [{ gateway: address('192.0.2.254'), interfaceIndex: 2, weight: 1 }],
}
const foreignRoute = (to: Address) => {
  const target = FOREIGN[to]
  if (target !== undefined) return { target, isDefault: false }
  return to === '203.0.113.7' ? { target: DEFAULT, isDefault: true } : undefined
}

describe('a next hop', () => {
  test.each([
    ['on a subnet of ours', '192.0.2.7', { interfaceIndex: 2, gateway: '192.0.2.7', cost: 0 }],
    ['on the narrower of two subnets', '192.0.2.130', { interfaceIndex: 3, gateway: '192.0.2.130', cost: 0 }],
    ['on an IPv6 subnet', '2001:db8::7', { interfaceIndex: 2, gateway: '2001:db8::7', cost: 0 }],
    ['link-local, on its link', 'fe80::9%eth1', { interfaceIndex: 3, gateway: 'fe80::9', cost: 0 }],
    ['behind the gateway of another', '203.0.113.1', { interfaceIndex: 2, gateway: '192.0.2.9', cost: 21 }],
    ['behind a link another routes to', '203.0.113.2', { interfaceIndex: 3, gateway: '203.0.113.2', cost: 1 }],
    [
      'behind nothing but the default route',
      '203.0.113.7',
      { interfaceIndex: 2, gateway: '192.0.2.254', cost: 0xfffffffe },
    ],
  ])('%s is found', (_, text, expected) => {
    const [plain = '', interfaceName] = text.split('%')
    expect(resolveNextHop(links, foreignRoute, address(plain), interfaceName)).toEqual({
      resolvable: true,
      ...expected,
    })
  })

  test.each([
    ['our own address', '192.0.2.1', 'NextHopIsOwn'],
    ['link-local without a link', 'fe80::9', 'NextHopUnreachable'],
    ['on a link that is not there', 'fe80::9%eth9', 'InterfaceUnknown'],
    ['on a link that is down', 'fe80::9%eth2', 'InterfaceDown'],
    ['on the subnet of a link that is down', '198.51.100.7', 'NextHopUnreachable'],
    ['behind a gateway on a link that is down', '203.0.113.3', 'NextHopUnreachable'],
    ['in a black hole', '203.0.113.4', 'NextHopUnreachable'],
    ['that nothing leads to', '203.0.113.99', 'NextHopUnreachable'],
  ])('%s is none', (_, text, because) => {
    const [plain = '', interfaceName] = text.split('%')
    expect(resolveNextHop(links, foreignRoute, address(plain), interfaceName)).toMatchObject({
      resolvable: false,
      because,
    })
  })
})

test('local subnets are those of links that are up; local addresses are all', () => {
  expect(links.localSubnets).toEqual(['127.0.0.0/8', '192.0.2.0/24', '2001:db8::/64', 'fe80::/64', '192.0.2.128/28'])
  expect(links.localAddresses).toContain('198.51.100.1')
})
