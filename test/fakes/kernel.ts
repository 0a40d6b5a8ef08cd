import { constants } from 'node:os'
import type { KernelRoute, KernelRoutes, RouteWatcher } from '../../routing/fib/kernel-routes.ts'
import type { KernelNextHop, KernelTarget } from '../../routing/fib/kernel-target.ts'
import { NextHopWords } from '../../routing/fib/next-hop-words.ts'
import { Operation, type RouteBatch } from '../../routing/fib/route-batch.ts'
import { address, familyOf } from '../../routing/ip/address.ts'
import { contains, formatPrefix, hostPrefix, type Prefix, prefix, prefixWords } from '../../routing/ip/prefix.ts'
import { emptyPrefix } from '../../routing/ip/prefix-table.ts'
import type { KernelLinks, Link, LinkWatcher } from '../../routing/links/kernel-links.ts'
import type { Clock } from '../../routing/ports.ts'
import { formatRoute, parseRoute, type RouteText } from './route-text.ts'

type ErrnoName = keyof typeof constants.errno

/** What can be told to go wrong, once each. */
export type Failure =
  | { readonly call: 'add' | 'replace' | 'delete'; readonly errno: ErrnoName }
  /** The dump ends with an error after half of the routes. */
  | { readonly call: 'dump' }
  /** The answers to a batch are lost, though it is carried out. */
  | { readonly call: 'apply' }
  | { readonly call: 'links' }
  /** News are lost from here on, until `overflow` is told. */
  | { readonly call: 'news' }

interface FakeLink {
  readonly index: number
  on: boolean
  addresses: string[]
}

const PROTOCOL_KERNEL = 2

/** Linux as far as routes go: links, addresses, a routing table per family, and other programs that change it. */
export class FakeKernel implements KernelRoutes, KernelLinks {
  #clock: Clock
  #links = new Map<string, FakeLink>()
  #nextIndex = 1
  /** By table, prefix and metric. */
  #routes = new Map<string, RouteText>()
  #routeWatcher: RouteWatcher | undefined
  #linkWatcher: LinkWatcher | undefined
  #failures: Failure[] = []
  #newsLost = false
  /** Changes carried out, by anybody. */
  changes = 0
  dumps = 0
  /** From a request to its answer; what others do meanwhile comes in between. */
  latencyMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  // What tests and other programs do.

  failNext(failure: Failure): void {
    this.#failures.push(failure)
  }

  forgetFailures(): void {
    this.#failures = []
  }

  addLink(name: string, ...addresses: string[]): void {
    this.#links.set(name, { index: this.#nextIndex++, on: true, addresses })
    this.#connect(name)
    this.#linkWatcher?.linksChanged()
  }

  setLink(name: string, state: 'up' | 'down'): void {
    const link = this.#link(name)
    link.on = state === 'up'
    if (link.on) {
      this.#connect(name)
      this.#linkWatcher?.linksChanged()
      return
    }
    for (const route of this.#routes.values()) this.#cutOff(route, name)
    this.#linkWatcher?.linksChanged(link.index)
  }

  /** As `ip route add`. */
  addRoute(text: string): void {
    const route = parseRoute(text)
    if (this.#routes.has(keyOf(route))) throw new Error(`File exists: ${text}`)
    this.#put(route)
    this.#tell((watcher) => watcher.added(this.#view(route, false)))
  }

  /** As `ip route replace`. */
  replaceRoute(text: string): void {
    const route = parseRoute(text)
    const replaces = this.#routes.has(keyOf(route))
    this.#put(route)
    this.#tell((watcher) => watcher.added(this.#view(route, replaces)))
  }

  deleteRoute(text: string): void {
    const route = this.#routes.get(keyOf(parseRoute(text)))
    if (route === undefined) throw new Error(`No such process: ${text}`)
    this.#drop(route)
    this.#tell((watcher) => watcher.removed(this.#view(route, false)))
  }

  /** All routes that some program made, in order. */
  routes(): string[] {
    return [...this.#routes.values()]
      .filter((each) => each.protocol !== PROTOCOL_KERNEL)
      .map(formatRoute)
      .sort()
  }

  /** Changes of routes are not told from now on; the watcher hears of that a little later. */
  loseNews(): void {
    this.#newsLost = true
    this.#clock.after(200, () => {
      this.#newsLost = false
      this.#routeWatcher?.overflow()
    })
  }

  // The ports.

  watch(watcher: RouteWatcher | LinkWatcher): void {
    if ('overflow' in watcher) this.#routeWatcher = watcher
    else this.#linkWatcher = watcher
  }

  dump(): void {
    this.dumps++
    const failure = this.#takeFailure('dump')
    const routes = [...this.#routes.values()]
    this.#later(() => {
      const told = failure === undefined ? routes : routes.slice(0, routes.length / 2)
      for (const route of told)
        if (this.#routes.get(keyOf(route)) === route) this.#routeWatcher?.found(this.#view(route, false))
      this.#routeWatcher?.dumped(failure === undefined ? undefined : new Error('cannot read the kernel routes: EINTR'))
    })
  }

  apply(batch: RouteBatch, done: () => void): void {
    for (let i = 0; i < batch.length; i++) batch.errors[i] = this.#change(batch, i)
    batch.lost = this.#takeFailure('apply') !== undefined
    this.#later(done)
  }

  read(done: (links: readonly Link[] | Error) => void): void {
    const failed = this.#takeFailure('links') !== undefined
    this.#later(() => done(failed ? new Error('cannot read the links: EINTR') : this.#linkList()))
  }

  close(): void {
    this.#routeWatcher = undefined
    this.#linkWatcher = undefined
  }

  #later(answer: () => void): void {
    if (this.latencyMs === 0) this.#clock.soon(answer)
    else this.#clock.after(this.latencyMs, answer)
  }

  #change(batch: RouteBatch, i: number): number {
    const operation = batch.operation(i)
    const call = operation === Operation.Add ? 'add' : operation === Operation.Replace ? 'replace' : 'delete'
    const failure = this.#takeFailure(call)
    if (failure !== undefined && 'errno' in failure) return constants.errno[failure.errno]

    const route = this.#routeOf(batch, i)
    const there = this.#routes.get(keyOf(route))
    if (operation === Operation.Add && there !== undefined) return constants.errno.EEXIST
    if (operation === Operation.Replace && there === undefined) return constants.errno.ENOENT
    if (operation === Operation.Delete) {
      if (there?.protocol !== route.protocol) return constants.errno.ESRCH
      this.#drop(route)
      return 0
    }
    if (!route.nextHops.every((hop) => this.#reaches(hop.gateway, hop.dev))) return constants.errno.ENETUNREACH
    this.#put(route)
    return 0
  }

  #routeOf(batch: RouteBatch, i: number): RouteText {
    const target: KernelTarget | undefined = batch.targets[i]
    return {
      type: target?.type === 'blackhole' ? 'blackhole' : 'unicast',
      prefix: formatPrefix(batch.readPrefix(i, emptyPrefix(4))),
      table: batch.table,
      protocol: batch.protocol,
      metric: batch.metrics[i]!,
      nextHops: (target?.nextHops ?? []).map((hop) => this.#hopText(hop)),
    }
  }

  #hopText({ gateway, interfaceIndex, weight }: KernelNextHop) {
    const [name = '?'] = [...this.#links].find(([, link]) => link.index === interfaceIndex) ?? []
    return { dev: name, weight, ...(gateway !== undefined && { gateway }) }
  }

  /** The kernel takes only gateways that a connected route leads to. */
  #reaches(gateway: string | undefined, dev: string): boolean {
    const link = this.#links.get(dev)
    if (link?.on !== true) return false
    if (gateway === undefined || gateway.startsWith('fe80:')) return true
    const host = prefixWords(hostPrefix(address(gateway)))
    return [...this.#routes.values()].some(
      (route) =>
        contains(prefixWords(route.prefix), host) &&
        route.nextHops.some((hop) => hop.gateway === undefined && hop.dev === dev),
    )
  }

  #connect(name: string): void {
    const { addresses } = this.#link(name)
    for (const text of addresses) {
      const metric = text.includes(':') ? 256 : 0
      const nextHops = [{ dev: name, weight: 1 }]
      const route = {
        type: 'unicast',
        prefix: prefix(text),
        table: 254,
        protocol: PROTOCOL_KERNEL,
        metric,
        nextHops,
      } as const
      this.#put(route)
      this.#tell((watcher) => watcher.added(this.#view(route, false)))
    }
  }

  /** A link goes down: IPv4 routes vanish without news, IPv6 ones with them; of several next hops only some may go. */
  #cutOff(route: RouteText, dev: string): void {
    const left = route.nextHops.filter((hop) => hop.dev !== dev)
    if (left.length === route.nextHops.length) return
    // Of several next hops a dead one is only marked.
    if (left.length > 0) return
    this.#drop(route)
    if (familyOf(route.prefix) === 6) this.#tell((watcher) => watcher.removed(this.#view(route, false)))
  }

  #put(route: RouteText): void {
    this.changes++
    this.#routes.set(keyOf(route), route)
  }

  #drop(route: RouteText): void {
    this.changes++
    this.#routes.delete(keyOf(route))
  }

  #tell(news: (watcher: RouteWatcher) => void): void {
    if (this.#takeFailure('news') !== undefined) this.loseNews()
    if (!this.#newsLost && this.#routeWatcher !== undefined) news(this.#routeWatcher)
  }

  #view(route: RouteText, replaces: boolean): KernelRoute {
    const nextHops = new NextHopWords()
    for (const { gateway, dev, weight } of route.nextHops) {
      nextHops.add(this.#link(dev).index, weight, gateway === undefined ? undefined : address(gateway))
    }
    nextHops.normalize()
    const { table, protocol, metric, type } = route
    return { prefix: prefixWords(route.prefix), table, protocol, metric, type, strange: false, nextHops, replaces }
  }

  #linkList(): Link[] {
    return [...this.#links].map(([name, { index, on, addresses }]) => ({
      index,
      name,
      up: on,
      loopback: name === 'lo',
      addresses: addresses.map((text) => ({ address: address(text.split('/')[0] ?? ''), subnet: prefix(text) })),
    }))
  }

  #link(name: string): FakeLink {
    const link = this.#links.get(name)
    if (link === undefined) throw new Error(`Cannot find device "${name}"`)
    return link
  }

  #takeFailure(call: Failure['call']): Failure | undefined {
    const at = this.#failures.findIndex((each) => each.call === call)
    return at < 0 ? undefined : this.#failures.splice(at, 1)[0]
  }
}

function keyOf({ table, prefix, metric }: { table: number; prefix: Prefix; metric: number }): string {
  return `${table} ${prefix} ${metric}`
}
