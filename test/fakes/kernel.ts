import { constants } from 'node:os'
import type { KernelRoute, KernelRoutes, RouteWatcher } from '../../routing/fib/kernel-routes.ts'
import type { GroupId, KernelNextHop, KernelTarget } from '../../routing/fib/kernel-target.ts'
import { NextHopWords } from '../../routing/fib/next-hop-words.ts'
import { type GroupChange, Operation, type RouteBatch } from '../../routing/fib/route-batch.ts'
import { address, familyOf } from '../../routing/ip/address.ts'
import { contains, formatPrefix, hostPrefix, type Prefix, prefix, prefixWords } from '../../routing/ip/prefix.ts'
import { emptyPrefix } from '../../routing/ip/prefix-table.ts'
import type { KernelLinks, Link, LinkWatcher } from '../../routing/links/kernel-links.ts'
import type { Clock } from '../../routing/ports.ts'
import { FakeGroups } from './kernel-groups.ts'
import { formatRoute, type HopText, parseRoute, type RouteText } from './route-text.ts'

type ErrnoName = keyof typeof constants.errno

/** What can be told to go wrong, once each. */
export type Failure =
  | { readonly call: 'add' | 'replace' | 'delete' | 'group'; readonly errno: ErrnoName }
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

/** With the group it names, whose next hops are its next hops. */
interface FakeRoute extends RouteText {
  readonly group?: GroupId
}

const PROTOCOL_KERNEL = 2

/** Linux as far as routes go: links, addresses, a routing table per family, and other programs that change it. */
export class FakeKernel implements KernelRoutes, KernelLinks {
  #clock: Clock
  #links = new Map<string, FakeLink>()
  #nextIndex = 1
  /** By table, prefix and metric. */
  #routes = new Map<string, FakeRoute>()
  #groups = new FakeGroups()
  #routeWatcher: RouteWatcher | undefined
  #linkWatcher: LinkWatcher | undefined
  #failures: Failure[] = []
  #newsLost = false
  /** Changes carried out, by anybody. */
  changes = 0
  dumps = 0
  /** From a request to its answer; what others do meanwhile comes in between. */
  latencyMs = 0

  readonly hasGroups: boolean

  constructor(clock: Clock, hasGroups = true) {
    this.#clock = clock
    this.hasGroups = hasGroups
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
    this.#groups.cutOff(name)
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
      .map((each) => formatRoute({ ...each, nextHops: this.#nextHopsOf(each) }))
      .sort()
  }

  get groups(): GroupId[] {
    return this.#groups.ids
  }

  groupTexts(): string[] {
    return this.#groups.texts()
  }

  /** As `ip nexthop del`: IPv4 routes that name it go without a word. */
  deleteGroup(id: GroupId): void {
    this.#groups.delete(id)
    for (const route of this.#routes.values()) this.#cutOff(route, '')
    this.#routeWatcher?.groupsChanged()
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
    const groups = this.#groups.ids.map((id) => this.#groups.view(id, (dev) => this.#link(dev).index))
    const failure = this.#takeFailure('dump')
    const routes = [...this.#routes.values()]
    this.#later(() => {
      for (const group of groups) this.#routeWatcher?.foundGroup(group)
      const told = failure === undefined ? routes : routes.slice(0, routes.length / 2)
      for (const route of told)
        if (this.#routes.get(keyOf(route)) === route) this.#routeWatcher?.found(this.#view(route, false))
      this.#routeWatcher?.dumped(failure === undefined ? undefined : new Error('cannot read the kernel routes: EINTR'))
    })
  }

  apply(batch: RouteBatch, done: () => void): void {
    for (const change of batch.groups) change.errno = this.#changeGroup(change, batch.protocol)
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

  #changeGroup(change: GroupChange, protocol: number): number {
    const failure = this.#takeFailure('group')
    if (failure !== undefined && 'errno' in failure) return constants.errno[failure.errno]
    const nextHops = change.nextHops.map((hop) => this.#hopText(hop))
    if (!nextHops.every((hop) => this.#reaches(hop.gateway, hop.dev))) return constants.errno.ENETUNREACH
    this.changes++
    const errno = this.#groups.change(change, protocol, nextHops)
    for (const route of this.#routes.values()) this.#cutOff(route, '')
    return errno
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
    if (route.group !== undefined && this.#groups.nextHopsOf(route.group) === undefined) return constants.errno.EINVAL
    if (!route.nextHops.every((hop) => this.#reaches(hop.gateway, hop.dev))) return constants.errno.ENETUNREACH
    this.#put(route)
    return 0
  }

  #routeOf(batch: RouteBatch, i: number): FakeRoute {
    const target: KernelTarget | undefined = batch.targets[i]
    return {
      type: target?.type === 'blackhole' ? 'blackhole' : 'unicast',
      prefix: formatPrefix(batch.readPrefix(i, emptyPrefix(4))),
      table: batch.table,
      protocol: batch.protocol,
      metric: batch.metrics[i]!,
      ...(target?.group === undefined
        ? { nextHops: (target?.nextHops ?? []).map((hop) => this.#hopText(hop)) }
        : { nextHops: [], group: target.group }),
    }
  }

  #nextHopsOf({ group, nextHops }: FakeRoute): readonly HopText[] {
    return group === undefined ? nextHops : (this.#groups.nextHopsOf(group) ?? [])
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
  #cutOff(route: FakeRoute, dev: string): void {
    if (route.group !== undefined) {
      if (this.#groups.nextHopsOf(route.group) === undefined) this.#cut(route)
      return
    }
    const left = route.nextHops.filter((hop) => hop.dev !== dev)
    if (left.length === route.nextHops.length) return
    // Of several next hops a dead one is only marked.
    if (left.length > 0) return
    this.#cut(route)
  }

  #cut(route: FakeRoute): void {
    this.#drop(route)
    if (familyOf(route.prefix) === 6) this.#tell((watcher) => watcher.removed(this.#view(route, false)))
  }

  #put(route: FakeRoute): void {
    this.changes++
    this.#routes.set(keyOf(route), route)
  }

  #drop(route: FakeRoute): void {
    this.changes++
    this.#routes.delete(keyOf(route))
  }

  #tell(news: (watcher: RouteWatcher) => void): void {
    if (this.#takeFailure('news') !== undefined) this.loseNews()
    if (!this.#newsLost && this.#routeWatcher !== undefined) news(this.#routeWatcher)
  }

  #view(route: FakeRoute, replaces: boolean): KernelRoute {
    const nextHops = new NextHopWords()
    for (const { gateway, dev, weight } of this.#nextHopsOf(route)) {
      nextHops.add(this.#link(dev).index, weight, gateway === undefined ? undefined : address(gateway))
    }
    nextHops.normalize()
    const { table, protocol, metric, type, group = 0 } = route
    return {
      prefix: prefixWords(route.prefix),
      table,
      protocol,
      metric,
      type,
      strange: false,
      nextHops,
      group,
      replaces,
    }
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
