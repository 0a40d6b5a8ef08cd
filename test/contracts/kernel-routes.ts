import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NextHop } from '../../routing/fib/intents.ts'
import { address } from '../../routing/ip/address.ts'
import { type Prefix, prefix, prefixWords } from '../../routing/ip/prefix.ts'
import type { Kernel, KernelConfig, WantOptions } from '../../routing/kernel.ts'

/** A kernel with nothing in it, real or fake, in which other programs are at work too. Routes are written as for `ip route`. */
export interface KernelWorld {
  open(): Promise<Kernel>
  /** Adds a link that is up. */
  addLink(name: string, ...addresses: string[]): void
  setLink(name: string, state: 'up' | 'down'): void
  addRoute(route: string): void
  replaceRoute(route: string): void
  deleteRoute(route: string): void
  /** All but the kernel's own, each written as `formatRoute` does, in order. */
  routes(): string[]
  /** The next-hop groups of ours, each as its next hops are in a route, in order; absent: it has none. */
  groups?(): string[]
  /** Another program removes all of them, and the routes that name them. */
  deleteGroups?(): void
  /** Lets events happen until the condition holds. */
  until(what: string, condition: () => boolean): Promise<void>
  now(): number
}

export const CONFIG: KernelConfig = {
  table: 254,
  metric: 1024,
  protocol: 179,
  maxPaths: 16,
  blackholes: [],
  ownPrefixes: [],
  protectedAddresses: [],
}

export function hops(...texts: string[]): NextHop[] {
  return texts.map((text) => {
    const [zoned = '', weight = '1'] = text.split('*')
    const [plain = '', interfaceName] = zoned.split('%')
    return { nextHop: address(plain), weight: Number(weight), ...(interfaceName !== undefined && { interfaceName }) }
  })
}

export const words = (text: string) => prefixWords(prefix(text))

/** What must hold of the kernel side over any kernel. */
export function kernelContract(
  name: string,
  makeWorld: () => KernelWorld,
  sabotage: (world: KernelWorld) => void = () => undefined,
): void {
  describe(name, () => {
    let world: KernelWorld
    let kernel: Kernel

    beforeEach(() => {
      world = makeWorld()
      world.addLink('west', '192.0.2.1/24', '2001:db8::1/64')
      world.addLink('south', '198.51.100.1/24')
    })

    afterEach(async () => {
      await kernel.close({ keepRoutes: true })
    })

    async function start(config: Partial<KernelConfig> = {}): Promise<void> {
      kernel = await world.open()
      sabotage(world)
      kernel.configure({ ...CONFIG, ...config })
      await settle()
    }

    async function startConverged(config: Partial<KernelConfig> = {}): Promise<void> {
      await start(config)
      kernel.converged()
      await settle()
      sabotage(world)
    }

    async function settle(): Promise<void> {
      await world.until('the kernel side is idle', () => kernel.idle)
    }

    function want(text: string, nextHops: string[], options?: WantOptions): void {
      kernel.want(words(text), hops(...nextHops), options)
    }

    /** The kernel holds exactly these routes, in the end. */
    async function expectRoutes(...routes: string[]): Promise<void> {
      const wanted = JSON.stringify(routes.toSorted())
      await world
        .until(`the routes ${wanted}`, () => kernel.idle && JSON.stringify(world.routes()) === wanted)
        .catch(() => undefined)
      expect(world.routes()).toEqual(routes.toSorted())
    }

    const stateOf = (text: string) => {
      const [route] = kernel.list({ prefix: prefix(text) as Prefix }).routes
      return route && (route.reason === undefined ? route.state : `${route.state}: ${route.reason}`)
    }

    describe('writes', () => {
      test.each([
        ['a route', '10.2.0.0/16', ['192.0.2.2'], '10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024'],
        [
          'a host route',
          '10.2.0.1/32',
          ['198.51.100.7'],
          '10.2.0.1/32 via 198.51.100.7 dev south proto 179 metric 1024',
        ],
        [
          'several next hops with weights',
          '10.2.0.0/16',
          ['192.0.2.2', '198.51.100.7*3'],
          '10.2.0.0/16 proto 179 metric 1024 nexthop via 192.0.2.2 dev west weight 1 nexthop via 198.51.100.7 dev south weight 3',
        ],
        [
          'weights beyond what the kernel has, to scale',
          '10.2.0.0/16',
          ['192.0.2.2*1000', '198.51.100.7*500'],
          '10.2.0.0/16 proto 179 metric 1024 nexthop via 192.0.2.2 dev west weight 256 nexthop via 198.51.100.7 dev south weight 128',
        ],
        [
          'an IPv6 route',
          '2001:db8:5::/48',
          ['2001:db8::2'],
          '2001:db8:5::/48 via 2001:db8::2 dev west proto 179 metric 1024',
        ],
        [
          'several IPv6 next hops',
          '2001:db8:5::/48',
          ['2001:db8::2*2', '2001:db8::3'],
          '2001:db8:5::/48 proto 179 metric 1024 nexthop via 2001:db8::2 dev west weight 2 nexthop via 2001:db8::3 dev west weight 1',
        ],
        [
          'an IPv6 route over a link-local next hop',
          '2001:db8:5::/48',
          ['fe80::5%south'],
          '2001:db8:5::/48 via fe80::5 dev south proto 179 metric 1024',
        ],
        [
          'an IPv4 route over an IPv6 next hop',
          '10.2.0.0/16',
          ['2001:db8::2'],
          '10.2.0.0/16 via inet6 2001:db8::2 dev west proto 179 metric 1024',
        ],
        [
          'an IPv4 route over several link-local next hops',
          '10.2.0.0/16',
          ['fe80::2%west', 'fe80::3%south'],
          '10.2.0.0/16 proto 179 metric 1024 nexthop via inet6 fe80::2 dev west weight 1 nexthop via inet6 fe80::3 dev south weight 1',
        ],
      ])('%s', async (_, destination, nextHops, expected) => {
        await startConverged()
        want(destination, nextHops)
        await expectRoutes(expected)
        expect(kernel.counts()).toMatchObject({ wanted: 1, installed: 1, failed: 0, refused: 0 })
        kernel.unwant(words(destination))
        await expectRoutes()
        expect(kernel.counts()).toMatchObject({ wanted: 0, installed: 0 })
      })

      test('the default route, where a policy names it', async () => {
        await startConverged()
        want('0.0.0.0/0', ['192.0.2.2'], { namedByPolicy: true })
        await expectRoutes('0.0.0.0/0 via 192.0.2.2 dev west proto 179 metric 1024')
        kernel.unwant(words('0.0.0.0/0'))
        await expectRoutes()
      })

      test('a blackhole in place of next hops, for one route of two, and the way back', async () => {
        await startConverged()
        want('10.2.9.9/32', ['192.0.2.2'], { discard: true })
        want('2001:db8:5::1/128', ['2001:db8::2'], { discard: true })
        await expectRoutes(
          'blackhole 10.2.9.9/32 proto 179 metric 1024',
          'blackhole 2001:db8:5::1/128 proto 179 metric 1024',
        )
        expect(kernel.list().routes).toMatchObject([{ type: 'blackhole', nextHops: [] }, { type: 'blackhole' }])
        want('10.2.9.9/32', ['192.0.2.2'])
        kernel.unwant(words('2001:db8:5::1/128'))
        await expectRoutes('10.2.9.9/32 via 192.0.2.2 dev west proto 179 metric 1024')
      })

      test('blackholes, and takes them away', async () => {
        await startConverged({ blackholes: [prefix('10.1.0.0/24'), prefix('2001:db8:1::/64')] })
        await expectRoutes(
          'blackhole 10.1.0.0/24 proto 179 metric 1024',
          'blackhole 2001:db8:1::/64 proto 179 metric 1024',
        )
        kernel.configure({ ...CONFIG, blackholes: [prefix('10.1.0.0/24')] })
        await expectRoutes('blackhole 10.1.0.0/24 proto 179 metric 1024')
      })

      test('changes of the next hops', async () => {
        await startConverged()
        const states: [string[], string][] = [
          [['192.0.2.2'], '10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024'],
          [
            ['192.0.2.2', '192.0.2.3'],
            '10.2.0.0/16 proto 179 metric 1024 nexthop via 192.0.2.2 dev west weight 1 nexthop via 192.0.2.3 dev west weight 1',
          ],
          [['2001:db8::2'], '10.2.0.0/16 via inet6 2001:db8::2 dev west proto 179 metric 1024'],
          [['198.51.100.7'], '10.2.0.0/16 via 198.51.100.7 dev south proto 179 metric 1024'],
        ]
        for (const [nextHops, expected] of states) {
          want('10.2.0.0/16', nextHops)
          await expectRoutes(expected)
        }
      })

      test('changes of IPv6 next hops, without a rest', async () => {
        await startConverged()
        want('2001:db8:5::/48', ['2001:db8::2', '2001:db8::3', '2001:db8::4'])
        await settle()
        want('2001:db8:5::/48', ['2001:db8::4', '2001:db8::5'])
        await expectRoutes(
          '2001:db8:5::/48 proto 179 metric 1024 nexthop via 2001:db8::4 dev west weight 1 nexthop via 2001:db8::5 dev west weight 1',
        )
        want('2001:db8:5::/48', ['2001:db8::6'])
        await expectRoutes('2001:db8:5::/48 via 2001:db8::6 dev west proto 179 metric 1024')
      })

      test('a metric of its own, and its change', async () => {
        await startConverged()
        want('10.2.0.0/16', ['192.0.2.2'], { metric: 500 })
        await expectRoutes('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 500')
        want('10.2.0.0/16', ['192.0.2.2'])
        await expectRoutes('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024')
        kernel.configure({ ...CONFIG, metric: 20 })
        await expectRoutes('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 20')
      })

      test('at most so many next hops', async () => {
        await startConverged({ maxPaths: 1 })
        want('10.2.0.0/16', ['192.0.2.2', '192.0.2.3'])
        await expectRoutes('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024')
      })

      test('another table, and leaves the old one', async () => {
        await startConverged()
        want('10.2.0.0/16', ['192.0.2.2'])
        want('2001:db8:5::/48', ['2001:db8::2'])
        await settle()
        kernel.configure({ ...CONFIG, table: 1000, protocol: 200 })
        await expectRoutes(
          '10.2.0.0/16 via 192.0.2.2 dev west proto 200 metric 1024 table 1000',
          '2001:db8:5::/48 via 2001:db8::2 dev west proto 200 metric 1024 table 1000',
        )
      })
    })

    describe('at the start', () => {
      test('what an earlier run left stays until all is known, then goes', async () => {
        await startConverged()
        want('10.2.0.0/16', ['192.0.2.2'])
        want('10.3.0.0/16', ['192.0.2.9', '192.0.2.8'], { metric: 7 })
        want('10.4.0.0/16', ['192.0.2.2'], { discard: true })
        want('2001:db8:5::/48', ['2001:db8::2'])
        await world.until('all are installed', () => kernel.idle && kernel.counts().installed === 4)
        const left = world.routes()
        expect(left).toHaveLength(4)
        await kernel.close({ keepRoutes: true })
        await start()
        expect(world.routes()).toEqual(left)
        expect(stateOf('10.2.0.0/16')).toBe('installed: Leftover')
        want('10.2.0.0/16', ['192.0.2.2'])
        await settle()
        expect(world.routes()).toEqual(left)
        expect(stateOf('10.2.0.0/16')).toBe('installed')
        kernel.converged()
        await expectRoutes('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024')
      })

      test('of two own routes for a prefix one goes', async () => {
        world.addRoute('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024')
        world.addRoute('10.2.0.0/16 via 192.0.2.3 dev west proto 179 metric 500')
        await start()
        want('10.2.0.0/16', ['192.0.2.2'])
        kernel.converged()
        await expectRoutes('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024')
      })

      test('routes that differ are put right', async () => {
        world.addRoute('10.2.0.0/16 via 192.0.2.9 dev west proto 179 metric 1024')
        world.addRoute('blackhole 10.3.0.0/16 proto 179 metric 1024')
        await start()
        want('10.2.0.0/16', ['192.0.2.2'])
        want('10.3.0.0/16', ['192.0.2.2'])
        await expectRoutes(
          '10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024',
          '10.3.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024',
        )
      })
    })

    describe('routes of others', () => {
      const THEIRS = '10.2.0.0/16 via 192.0.2.9 dev west proto 4 metric 1024'
      const OURS = '10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024'

      test('are never touched', async () => {
        const theirs = [
          '10.2.0.0/16 via 192.0.2.9 dev west proto 4 metric 7',
          '10.3.0.0/16 via 192.0.2.9 dev west proto 4 metric 1024',
          '10.4.0.0/16 via 192.0.2.9 dev west proto 179 metric 1024 table 100',
          '2001:db8:5::/48 via 2001:db8::9 dev west proto 4 metric 1024',
        ]
        for (const each of theirs) world.addRoute(each)
        await startConverged()
        want('10.2.0.0/16', ['192.0.2.2'])
        want('10.4.0.0/16', ['192.0.2.2'])
        await expectRoutes(...theirs, OURS, '10.4.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024')
        kernel.unwant(words('10.2.0.0/16'))
        kernel.unwant(words('10.4.0.0/16'))
        await expectRoutes(...theirs)
      })

      test.each([
        ['IPv4', '10.2.0.0/16', '192.0.2.2', THEIRS, OURS],
        [
          'IPv6',
          '2001:db8:5::/48',
          '2001:db8::2',
          '2001:db8:5::/48 via 2001:db8::9 dev west proto 4 metric 1024',
          '2001:db8:5::/48 via 2001:db8::2 dev west proto 179 metric 1024',
        ],
      ])('keep their place; ours comes when they go (%s)', async (_, destination, nextHop, theirs, ours) => {
        world.addRoute(theirs)
        await startConverged()
        want(destination, [nextHop])
        await settle()
        expect(world.routes()).toEqual([theirs])
        expect(stateOf(destination)).toBe('refused: ForeignRoute')
        expect(kernel.counts()).toMatchObject({ wanted: 1, installed: 0, refused: 1 })
        world.deleteRoute(theirs)
        await expectRoutes(ours)
        expect(stateOf(destination)).toBe('installed')
      })

      test('that take our place are let be', async () => {
        await startConverged()
        want('10.2.0.0/16', ['192.0.2.2'])
        await expectRoutes(OURS)
        world.replaceRoute(THEIRS)
        await world.until('it is seen', () => stateOf('10.2.0.0/16') === 'refused: ForeignRoute')
        await settle()
        expect(world.routes()).toEqual([THEIRS])
        world.deleteRoute(THEIRS)
        await expectRoutes(OURS)
      })
    })

    describe('what others break', () => {
      test.each([
        ['10.2.0.0/16', ['192.0.2.2'], '10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024'],
        [
          '2001:db8:5::/48',
          ['2001:db8::2', '2001:db8::3'],
          '2001:db8:5::/48 proto 179 metric 1024 nexthop via 2001:db8::2 dev west weight 1 nexthop via 2001:db8::3 dev west weight 1',
        ],
      ])('is repaired within a second: %s', async (destination, nextHops, expected) => {
        await startConverged()
        want(destination, nextHops)
        await expectRoutes(expected)
        const since = world.now()
        world.deleteRoute(expected)
        await expectRoutes(expected)
        expect(world.now() - since).toBeLessThan(1_000)
      })

      test('a route that is altered is put right, one that is added goes', async () => {
        await startConverged()
        want('10.2.0.0/16', ['192.0.2.2'])
        await settle()
        world.replaceRoute('10.2.0.0/16 via 192.0.2.66 dev west proto 179 metric 1024')
        world.addRoute('10.66.0.0/16 via 192.0.2.66 dev west proto 179 metric 1024')
        world.addRoute('10.2.0.0/16 via 192.0.2.66 dev west proto 179 metric 1')
        await expectRoutes('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024')
      })
    })

    describe('links', () => {
      test('a link that goes down and comes back', async () => {
        await startConverged()
        want('10.2.0.0/16', ['192.0.2.2'])
        want('10.3.0.0/16', ['198.51.100.7'])
        await settle()
        world.setLink('south', 'down')
        await expectRoutes('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024')
        await world.until('it is known', () => stateOf('10.3.0.0/16') === 'pending: NextHopUnreachable')
        expect(kernel.counts()).toMatchObject({ wanted: 2, installed: 1, inactive: 1 })
        world.setLink('south', 'up')
        await expectRoutes(
          '10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024',
          '10.3.0.0/16 via 198.51.100.7 dev south proto 179 metric 1024',
        )
      })

      test('a link that flaps faster than anybody looks', async () => {
        await startConverged()
        want('10.3.0.0/16', ['198.51.100.7'])
        await expectRoutes('10.3.0.0/16 via 198.51.100.7 dev south proto 179 metric 1024')
        world.setLink('south', 'down')
        world.setLink('south', 'up')
        await world.until('the flap is over', () => world.routes().length === 0 || kernel.idle)
        await expectRoutes('10.3.0.0/16 via 198.51.100.7 dev south proto 179 metric 1024')
      })

      test('of several next hops those that are left', async () => {
        await startConverged()
        want('10.2.0.0/16', ['192.0.2.2', '198.51.100.7'])
        const both =
          '10.2.0.0/16 proto 179 metric 1024 nexthop via 192.0.2.2 dev west weight 1 nexthop via 198.51.100.7 dev south weight 1'
        await expectRoutes(both)
        world.setLink('south', 'down')
        await expectRoutes('10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024')
        world.setLink('south', 'up')
        await expectRoutes(both)
      })

      test('a next hop that no link leads to waits for one', async () => {
        await startConverged()
        let told = 0
        kernel.watchNextHops(() => told++)
        want('10.2.0.0/16', ['203.0.113.2'])
        await settle()
        expect(world.routes()).toEqual([])
        expect(stateOf('10.2.0.0/16')).toBe('pending: NextHopUnreachable')
        expect(kernel.resolve(address('203.0.113.2'))).toMatchObject({ resolvable: false })
        world.addLink('north', '203.0.113.1/24')
        await expectRoutes('10.2.0.0/16 via 203.0.113.2 dev north proto 179 metric 1024')
        expect(kernel.resolve(address('203.0.113.2'))).toMatchObject({ resolvable: true, cost: 0 })
        expect(told).toBeGreaterThan(0)
        expect(kernel.localSubnets).toContain('203.0.113.0/24')
      })

      test('a next hop behind the route of another program', async () => {
        const theirs = '203.0.113.0/24 via 192.0.2.9 dev west proto 4 metric 30'
        await startConverged()
        want('10.2.0.0/16', ['203.0.113.2'])
        await settle()
        world.addRoute(theirs)
        await expectRoutes(theirs, '10.2.0.0/16 via 192.0.2.9 dev west proto 179 metric 1024')
        expect(kernel.resolve(address('203.0.113.2'))).toMatchObject({ resolvable: true, cost: 31 })
        world.deleteRoute(theirs)
        await expectRoutes()
        expect(kernel.resolve(address('203.0.113.2'))).toMatchObject({ resolvable: false })
      })

      test('a next hop behind nothing but the default route of another program, until there is a nearer one', async () => {
        const theirs = '0.0.0.0/0 via 192.0.2.254 dev west proto 4 metric 30'
        await startConverged()
        want('10.2.0.0/16', ['203.0.113.2'])
        world.addRoute(theirs)
        await expectRoutes(theirs, '10.2.0.0/16 via 192.0.2.254 dev west proto 179 metric 1024')
        const far = kernel.resolve(address('203.0.113.2')).cost
        const nearer = '203.0.113.0/24 via 192.0.2.9 dev west proto 4 metric 4000000000'
        world.addRoute(nearer)
        await expectRoutes(theirs, nearer, '10.2.0.0/16 via 192.0.2.9 dev west proto 179 metric 1024')
        expect(kernel.resolve(address('203.0.113.2')).cost).toBeLessThan(far)
        world.deleteRoute(nearer)
        world.deleteRoute(theirs)
        await expectRoutes()
      })

      test('the default route that we install ourselves leads to no next hop', async () => {
        await startConverged()
        want('0.0.0.0/0', ['192.0.2.2'], { namedByPolicy: true })
        want('10.2.0.0/16', ['203.0.113.2'])
        await expectRoutes('0.0.0.0/0 via 192.0.2.2 dev west proto 179 metric 1024')
        expect(stateOf('10.2.0.0/16')).toBe('pending: NextHopUnreachable')
      })

      test('our own address is no next hop', async () => {
        await startConverged()
        want('10.2.0.0/16', ['192.0.2.1'])
        await settle()
        expect(stateOf('10.2.0.0/16')).toBe('pending: NextHopIsOwn')
        expect(world.routes()).toEqual([])
      })
    })

    describe('next-hop groups', () => {
      const BOTH = 'via 192.0.2.2 dev west weight 1 via 198.51.100.7 dev south weight 3'
      const ONE = 'via 192.0.2.2 dev west weight 1'

      async function expectGroups(...groups: string[]): Promise<void> {
        if (world.groups === undefined) return
        const wanted = JSON.stringify(groups)
        await world
          .until(`the groups ${wanted}`, () => kernel.idle && JSON.stringify(world.groups?.()) === wanted)
          .catch(() => undefined)
        expect(world.groups()).toEqual(groups)
      }

      /** Three routes over the same two next hops, and one over one of them. */
      async function startWithRoutes(): Promise<void> {
        await startConverged()
        for (const each of ['10.2.0.0/16', '10.3.0.0/16', '10.4.0.0/16']) want(each, ['192.0.2.2', '198.51.100.7*3'])
        want('10.5.0.0/16', ['192.0.2.2'])
        await world.until('all are installed', () => kernel.idle && kernel.counts().installed === 4)
      }

      test('are shared by the routes with the same next hops, and go with the last of them', async () => {
        await startWithRoutes()
        await expectGroups(ONE, BOTH)
        kernel.unwant(words('10.2.0.0/16'))
        kernel.unwant(words('10.3.0.0/16'))
        kernel.unwant(words('10.5.0.0/16'))
        await expectGroups(BOTH)
        kernel.unwant(words('10.4.0.0/16'))
        await expectRoutes()
        await expectGroups()
      })

      test('lose a next hop and get it back, and their routes with them', async () => {
        await startWithRoutes()
        const both = world.routes()
        world.setLink('south', 'down')
        const left = ['10.2.0.0/16', '10.3.0.0/16', '10.4.0.0/16', '10.5.0.0/16'].map(
          (each) => `${each} via 192.0.2.2 dev west proto 179 metric 1024`,
        )
        await expectRoutes(...left)
        expect(kernel.counts()).toMatchObject({ installed: 4, pending: 0 })
        world.setLink('south', 'up')
        await expectRoutes(...both)
        await expectGroups(ONE, BOTH)
      })

      test('that an earlier run left are taken over, and go when nobody wants them', async () => {
        await startWithRoutes()
        const left = [world.routes(), world.groups?.()]
        await kernel.close({ keepRoutes: true })
        await start()
        want('10.2.0.0/16', ['192.0.2.2', '198.51.100.7*3'])
        await settle()
        expect([world.routes(), world.groups?.()]).toEqual(left)
        kernel.converged()
        await expectRoutes(
          '10.2.0.0/16 proto 179 metric 1024 nexthop via 192.0.2.2 dev west weight 1 nexthop via 198.51.100.7 dev south weight 3',
        )
        await expectGroups(BOTH)
      })

      test('that another program removes come back with their routes', async () => {
        await startWithRoutes()
        const all = world.routes()
        world.deleteGroups?.()
        await expectRoutes(...all)
        await expectGroups(ONE, BOTH)
      })

      test('are made anew under another protocol, and the old ones go', async () => {
        await startWithRoutes()
        kernel.configure({ ...CONFIG, protocol: 200 })
        await expectRoutes(
          ...['10.2.0.0/16', '10.3.0.0/16', '10.4.0.0/16'].map(
            (each) =>
              `${each} proto 200 metric 1024 nexthop via 192.0.2.2 dev west weight 1 nexthop via 198.51.100.7 dev south weight 3`,
          ),
          '10.5.0.0/16 via 192.0.2.2 dev west proto 200 metric 1024',
        )
      })
    })

    test('never installs what would cut the node off', async () => {
      await startConverged({
        ownPrefixes: [prefix('10.1.0.0/24'), prefix('203.0.113.10/32')],
        protectedAddresses: [address('203.0.113.99')],
      })
      const refused = {
        '10.1.0.0/24': 'OwnPrefix',
        '10.1.0.7/32': 'OwnPrefix',
        '203.0.113.10/32': 'OwnPrefix',
        '203.0.113.99/32': 'ProtectedAddress',
        '203.0.113.0/24': 'CoversProtectedAddress',
        '192.0.2.0/25': 'InsideLocalSubnet',
        '192.0.0.0/16': 'CoversLocalSubnet',
        '10.0.0.0/8': 'CoversOwnPrefix',
        '0.0.0.0/0': 'DefaultRoute',
      }
      for (const each of Object.keys(refused)) want(each, ['192.0.2.2'])
      await settle()
      expect(world.routes()).toEqual([])
      for (const [text, reason] of Object.entries(refused)) expect(stateOf(text)).toBe(`refused: ${reason}`)
    })

    test('a route that must not be any more goes, and comes back when it may', async () => {
      await startConverged()
      want('10.1.0.0/24', ['192.0.2.2'])
      const route = '10.1.0.0/24 via 192.0.2.2 dev west proto 179 metric 1024'
      await expectRoutes(route)
      kernel.configure({ ...CONFIG, ownPrefixes: [prefix('10.1.0.0/24')] })
      await expectRoutes()
      kernel.configure(CONFIG)
      await expectRoutes(route)
    })

    test('closing keeps the routes for the next run, or takes all of ours away', async () => {
      world.addRoute('10.9.0.0/16 via 192.0.2.9 dev west proto 4 metric 1')
      await startConverged({ blackholes: [prefix('10.1.0.0/24')] })
      want('10.2.0.0/16', ['192.0.2.2'])
      await world.until('all are installed', () => kernel.idle && kernel.counts().installed === 2)
      const all = world.routes()
      await kernel.close({ keepRoutes: true })
      expect(world.routes()).toEqual(all)
      expect(all).toHaveLength(3)

      kernel = await world.open()
      kernel.configure(CONFIG)
      await settle()
      let closed = false
      const closing = kernel.close({ keepRoutes: false }).then(() => {
        closed = true
      })
      await world.until('it is closed', () => closed)
      await closing
      expect(world.routes()).toEqual(['10.9.0.0/16 via 192.0.2.9 dev west proto 4 metric 1'])
    })
  })
}
