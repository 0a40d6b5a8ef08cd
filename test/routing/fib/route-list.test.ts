import { beforeEach, describe, expect, test } from 'vitest'
import { address } from '../../../routing/ip/address.ts'
import { prefix } from '../../../routing/ip/prefix.ts'
import type { Kernel } from '../../../routing/kernel.ts'
import { CONFIG, hops, words } from '../../contracts/kernel-routes.ts'
import { FakeWorld } from '../fake-world.ts'

describe('the list of kernel routes', () => {
  let world: FakeWorld
  let kernel: Kernel

  beforeEach(async () => {
    world = new FakeWorld()
    world.addLink('west', '192.0.2.1/24')
    kernel = await world.open()
    kernel.configure({ ...CONFIG, blackholes: [prefix('10.1.0.0/24')], ownPrefixes: [prefix('10.1.0.0/24')] })
    kernel.want(words('10.2.0.0/16'), hops('192.0.2.2', '192.0.2.3*2'), { metric: 20 })
    kernel.want(words('10.2.3.0/24'), hops('203.0.113.9'))
    kernel.want(words('10.1.0.0/25'), hops('192.0.2.2'))
    kernel.want(words('2001:db8:5::/48'), hops('fe80::1%west'))
    await world.until('idle', () => kernel.idle)
  })

  const prefixes = (page: ReturnType<Kernel['list']>) => page.routes.map((route) => route.prefix)

  test('says of each where it leads, how it stands and why', () => {
    const byPrefix = Object.fromEntries(kernel.list().routes.map((route) => [route.prefix, route]))
    expect(byPrefix).toEqual({
      '10.1.0.0/24': { prefix: '10.1.0.0/24', type: 'blackhole', nextHops: [], metric: 1024, state: 'installed' },
      '10.2.0.0/16': {
        prefix: '10.2.0.0/16',
        type: 'unicast',
        nextHops: [
          { address: '192.0.2.2', interfaceName: 'west', weight: 1 },
          { address: '192.0.2.3', interfaceName: 'west', weight: 2 },
        ],
        metric: 20,
        state: 'installed',
      },
      '10.2.3.0/24': {
        prefix: '10.2.3.0/24',
        type: 'unicast',
        nextHops: [{ address: '203.0.113.9', weight: 1 }],
        metric: 1024,
        state: 'pending',
        reason: 'NextHopUnreachable',
      },
      '10.1.0.0/25': {
        prefix: '10.1.0.0/25',
        type: 'unicast',
        nextHops: [{ address: '192.0.2.2', weight: 1 }],
        metric: 1024,
        state: 'refused',
        reason: 'OwnPrefix',
      },
      '2001:db8:5::/48': {
        prefix: '2001:db8:5::/48',
        type: 'unicast',
        nextHops: [{ address: 'fe80::1', interfaceName: 'west', weight: 1 }],
        metric: 1024,
        state: 'installed',
      },
    })
  })

  test('a failure shows what the kernel said', async () => {
    world.kernel.failNext({ call: 'add', errno: 'EINVAL' })
    kernel.want(words('10.9.0.0/16'), hops('192.0.2.2'))
    await world.until('idle', () => kernel.idle)
    expect(kernel.list({ prefix: prefix('10.9.0.0/16') }).routes).toMatchObject([{ state: 'failed', reason: 'EINVAL' }])
    expect(kernel.counts().failed).toBe(1)
  })

  test('one prefix, one family, or the longest match', () => {
    expect(prefixes(kernel.list({ prefix: prefix('10.2.0.0/16') }))).toEqual(['10.2.0.0/16'])
    expect(prefixes(kernel.list({ prefix: prefix('10.2.0.0/17') }))).toEqual([])
    expect(prefixes(kernel.list({ family: 6 }))).toEqual(['2001:db8:5::/48'])
    expect(prefixes(kernel.list({ address: address('10.2.3.4') }))).toEqual(['10.2.3.0/24'])
    expect(prefixes(kernel.list({ address: address('10.2.4.4') }))).toEqual(['10.2.0.0/16'])
    expect(prefixes(kernel.list({ address: address('172.16.0.1') }))).toEqual([])
  })

  test('comes in pages that meet without a gap', () => {
    for (const family of [undefined, 4, 6] as const) {
      const all = prefixes(kernel.list(family === undefined ? {} : { family }))
      for (let limit = 1; limit <= 3; limit++) {
        const seen: string[] = []
        let cursor: string | undefined
        do {
          const page = kernel.list({ limit, ...(family && { family }), ...(cursor !== undefined && { cursor }) })
          expect(page.routes.length).toBeLessThanOrEqual(limit)
          seen.push(...prefixes(page))
          cursor = page.cursor
        } while (cursor !== undefined)
        expect(seen).toEqual(all)
      }
    }
  })
})
