import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KernelGroup, KernelRoute, RouteWatcher } from '../../routing/fib/kernel-routes.ts'
import type { KernelTarget } from '../../routing/fib/kernel-target.ts'
import { Operation, RouteBatch } from '../../routing/fib/route-batch.ts'
import { address } from '../../routing/ip/address.ts'
import { formatPrefix } from '../../routing/ip/prefix.ts'
import { NetlinkRoutes } from '../../routing/netlink/netlink-routes.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { netlinkTuning } from '../../src/platform/netlink-tuning.ts'
import { words } from '../contracts/kernel-routes.ts'
import { eventually } from '../eventually.ts'
import { enterTestNamespace, ip, ipBatch, reasonToSkip } from './namespace.ts'

const skip = reasonToSkip()
const EEXIST = 17
const ENOENT = 2
const ESRCH = 3
const ENETUNREACH = 101

/** Keeps what it is told, as `added 10.0.0.0/8`. */
class Watcher implements RouteWatcher {
  readonly heard: string[] = []
  dumps = 0
  overflows = 0
  /** Most of any route in a dump. */
  nextHops = 0

  #note(what: string, { prefix, protocol }: KernelRoute): void {
    if (protocol !== 2) this.heard.push(`${what} ${formatPrefix(prefix)}${protocol === 179 ? '' : ` of ${protocol}`}`)
  }

  foundGroup({ id }: KernelGroup): void {
    this.heard.push(`group ${id}`)
  }

  groupsChanged(): void {
    this.heard.push('groups changed')
  }

  found(route: KernelRoute): void {
    this.nextHops = Math.max(this.nextHops, route.nextHops.count)
    this.#note('found', route)
  }

  added(route: KernelRoute): void {
    this.#note('added', route)
  }

  removed(route: KernelRoute): void {
    this.#note('removed', route)
  }

  dumped(): void {
    this.dumps++
  }

  overflow(): void {
    this.overflows++
  }
}

describe.skipIf(skip)(`routes over netlink${skip ? ` (skipped: ${skip})` : ''}`, () => {
  let routes: NetlinkRoutes
  let watcher: Watcher
  let link: number

  beforeAll(() => {
    enterTestNamespace()
    ip('link add west type veth peer name east')
    ip('addr add 192.0.2.1/24 dev west')
    for (const each of ['west', 'east']) ip(`link set ${each} up`)
    link = (JSON.parse(ip('-j link show dev west')) as { ifindex: number }[])[0]!.ifindex
  })

  beforeEach(() => {
    ipBatch(['route flush proto 179', 'route flush proto 4'])
    ipBatch(['route flush proto 4'], '-6')
    routes = new NetlinkRoutes({ clock: systemClock, tuning: netlinkTuning }, true)
    watcher = new Watcher()
    routes.watch(watcher)
  })

  afterEach(() => routes.close())

  const via = (gateway: string): KernelTarget => ({
    type: 'unicast',
    metric: 5,
    nextHops: [{ gateway: address(gateway), interfaceIndex: link, weight: 1 }],
  })

  /** Carries out these changes; the errors, in their order. */
  async function apply(...changes: [Operation, string, KernelTarget?][]): Promise<number[]> {
    const batch = new RouteBatch()
    batch.table = 254
    batch.protocol = 179
    for (const [operation, text, target] of changes) batch.add(operation, words(text), target, 5)
    await new Promise<void>((resolve) => routes.apply(batch, resolve))
    expect(batch.lost).toBe(false)
    return [...batch.errors.subarray(0, batch.length)]
  }

  test('each change of a batch has its own outcome', async () => {
    const outcome = await apply(
      [Operation.Add, '10.1.0.0/16', via('192.0.2.2')],
      [Operation.Add, '10.1.0.0/16', via('192.0.2.3')],
      [Operation.Replace, '10.2.0.0/16', via('192.0.2.2')],
      [Operation.Delete, '10.3.0.0/16'],
      [Operation.Add, '10.4.0.0/16', via('203.0.113.1')],
      [Operation.Add, '10.5.0.0/16', via('192.0.2.2')],
    )
    expect(outcome).toEqual([0, EEXIST, ENOENT, ESRCH, ENETUNREACH, 0])
    expect(await apply([Operation.Delete, '10.3.0.0/16'])).toEqual([ESRCH])
    expect(await apply([Operation.Delete, '10.1.0.0/16'])).toEqual([0])
  })

  test('a deletion spares what is not of our protocol', async () => {
    ip('route add blackhole 10.1.0.0/16 proto 4 metric 5')
    expect(await apply([Operation.Delete, '10.1.0.0/16'])).toEqual([ESRCH])
    expect(ip('route show 10.1.0.0/16')).toContain('blackhole')
  })

  test('what others do is told, what we do is not', async () => {
    const many = Array.from({ length: 100 }, (_, i): [Operation, string, KernelTarget] => [
      Operation.Add,
      `10.1.${i}.0/24`,
      via('192.0.2.2'),
    ])
    await apply(...many)
    ip('route add blackhole 10.9.0.0/16 proto 4')
    ip('route del 10.1.7.0/24')
    await eventually('the last of the news', () => watcher.heard.includes('removed 10.1.7.0/24'))
    expect(watcher.heard).toEqual(['added 10.9.0.0/16 of 4', 'removed 10.1.7.0/24'])
  })

  test.each([
    [300, 'more than fits a part of a dump at first'],
    [1_000, 'nearly more than the kernel can show'],
  ])('a route with %d IPv6 next hops: %s', async (count) => {
    const vias = Array.from({ length: count }, (_, i) => `via fe80::${(i + 1).toString(16)} dev west proto 4`)
    ipBatch(
      vias.map((via) => `route append 2001:db8:9::/48 ${via}`),
      '-6',
    )
    await eventually('the dump shows the route', async () => {
      watcher.heard.length = 0
      routes.dump(179)
      const dumps = watcher.dumps
      await eventually('the dump ends', () => watcher.dumps > dumps)
      return watcher.heard.includes('found 2001:db8:9::/48 of 4')
    })
    expect(watcher.nextHops).toBe(count)
    watcher.overflows = 0
    ip('-6 route del 2001:db8:9::/48 proto 4')
    await eventually('the news', () => watcher.heard.includes('removed 2001:db8:9::/48 of 4'))
    expect(watcher.overflows).toBe(0)
  })

  test('the failure of a route with very many next hops is told like others', async () => {
    const nextHops = Array.from({ length: 900 }, (_, i) => ({
      gateway: address(`2001:db8:ffff::${(i + 1).toString(16)}`),
      interfaceIndex: link,
      weight: 1,
    }))
    const outcome = await apply(
      [Operation.Add, '2001:db8:9::/48', { type: 'unicast', metric: 5, nextHops }],
      [Operation.Add, '10.1.0.0/16', via('192.0.2.2')],
    )
    expect(outcome[0]).not.toBe(0)
    expect(outcome[1]).toBe(0)
  })

  test('a dump tells all, whoever made it', async () => {
    await apply([Operation.Add, '10.1.0.0/16', via('192.0.2.2')])
    ip('route add blackhole 10.9.0.0/16 proto 4')
    await eventually('the news', () => watcher.heard.length === 1)
    routes.dump(179)
    await eventually('the dump', () => watcher.dumps === 1)
    expect(watcher.heard.slice(1)).toEqual(['found 10.1.0.0/16', 'found 10.9.0.0/16 of 4'])
    expect(watcher.overflows).toBe(0)
  })
})
