import type { KernelRoute } from '../fib/kernel-routes.ts'
import type { RouteType } from '../fib/kernel-target.ts'
import { NextHopWords } from '../fib/next-hop-words.ts'
import { maskWord } from '../ip/prefix.ts'
import { emptyPrefix } from '../ip/prefix-table.ts'
import {
  AddressFamily,
  Flag,
  NEXT_HOP_OCTETS,
  ROUTE_IS_CACHED,
  ROUTE_OCTETS,
  RouteAttribute,
  RouteKind,
} from './constants.ts'
import { aligned, type Message } from './message.ts'

/** The smallest attribute that holds a word, as all do that are read here. */
const WORD_ATTRIBUTE_OCTETS = 8

/** Reads RTM_NEWROUTE and RTM_DELROUTE, without an object per route. */
export class RouteDecoder {
  readonly route: KernelRoute = {
    prefix: emptyPrefix(4),
    table: 0,
    protocol: 0,
    metric: 0,
    type: 'other',
    strange: false,
    nextHops: new NextHopWords(),
    replaces: false,
    group: 0,
  }
  /** Of the route outside a list of several next hops: where they are collected. */
  #single = new SingleNextHop()

  /** Fills `route`; false when the message is of a kind of route that is nobody's business here. */
  decode(message: Message): boolean {
    const { view, start } = message
    const { route } = this
    if (message.end - start < ROUTE_OCTETS) return false
    const family = view.getUint8(start)
    const kind = view.getUint8(start + 7)
    const cached = (view.getUint32(start + 8, true) & ROUTE_IS_CACHED) !== 0
    // Source prefixes and types of service make other places than the ones we know.
    const plain = view.getUint8(start + 2) === 0 && view.getUint8(start + 3) === 0
    if (cached || !plain || !isFamily(family) || (kind >= RouteKind.Local && kind <= RouteKind.Multicast)) return false

    Object.assign(route.prefix, { family: family === AddressFamily[4] ? 4 : 6, w0: 0, w1: 0, w2: 0, w3: 0 })
    route.prefix.length = view.getUint8(start + 1)
    route.table = view.getUint8(start + 4)
    route.protocol = view.getUint8(start + 5)
    route.metric = 0
    route.replaces = (message.flags & Flag.Replace) !== 0 && (message.flags & Flag.Multi) === 0
    route.group = 0
    route.nextHops.clear()
    this.route.strange = false
    this.#single.clear()
    this.#attributes(view, start + ROUTE_OCTETS, message.end)
    this.#conclude(kind)
    return true
  }

  #conclude(kind: number): void {
    const { nextHops } = this.route
    this.route.type = TYPES[kind] ?? 'other'
    if (this.route.type === 'blackhole') {
      nextHops.clear()
      return
    }
    if (nextHops.count === 0 && this.#single.isThere) this.#single.appendTo(nextHops)
    nextHops.normalize()
  }

  #attributes(view: DataView, start: number, end: number): void {
    for (let at = start; at + 4 <= end; ) {
      const length = view.getUint16(at, true)
      if (length < 4 || at + length > end) return
      if (length >= WORD_ATTRIBUTE_OCTETS) this.#attribute(view, at, length)
      else if (view.getUint16(at + 2, true) !== RouteAttribute.Preference) this.route.strange = true
      at += aligned(length)
    }
  }

  #attribute(view: DataView, at: number, length: number): void {
    const { route } = this
    const value = at + 4
    switch (view.getUint16(at + 2, true)) {
      case RouteAttribute.Destination:
        this.#destination(view, value, length - 4)
        return
      case RouteAttribute.Table:
        route.table = view.getUint32(value, true)
        return
      case RouteAttribute.Priority:
        route.metric = view.getUint32(value, true)
        return
      case RouteAttribute.Multipath:
        this.#multipath(view, value, at + length)
        return
      case RouteAttribute.OutInterface:
        this.#single.interfaceIndex = view.getUint32(value, true)
        return
      case RouteAttribute.NextHopObject:
        route.group = view.getUint32(value, true)
        return
      case RouteAttribute.CacheInfo:
        return
      default:
        if (!this.#single.gatewayFrom(view, at)) route.strange = true
    }
  }

  #destination(view: DataView, at: number, octets: number): void {
    const { prefix } = this.route
    prefix.w0 = (view.getUint32(at) & maskWord(prefix.length, 0)) >>> 0
    if (octets < 16) return
    prefix.w1 = (view.getUint32(at + 4) & maskWord(prefix.length, 1)) >>> 0
    prefix.w2 = (view.getUint32(at + 8) & maskWord(prefix.length, 2)) >>> 0
    prefix.w3 = (view.getUint32(at + 12) & maskWord(prefix.length, 3)) >>> 0
  }

  /** RTA_MULTIPATH: each next hop has a header and attributes of its own. */
  #multipath(view: DataView, start: number, end: number): void {
    const hop = new SingleNextHop()
    for (let at = start; at + NEXT_HOP_OCTETS <= end; ) {
      const length = view.getUint16(at, true)
      if (length < NEXT_HOP_OCTETS || at + length > end) return
      hop.clear()
      hop.weight = view.getUint8(at + 3) + 1
      hop.interfaceIndex = view.getUint32(at + 4, true)
      for (let inner = at + NEXT_HOP_OCTETS; inner + 4 <= at + length; ) {
        const innerLength = view.getUint16(inner, true)
        if (innerLength < 4 || inner + innerLength > at + length) return
        const isGateway = innerLength >= WORD_ATTRIBUTE_OCTETS && hop.gatewayFrom(view, inner)
        if (!isGateway) this.route.strange = true
        inner += aligned(innerLength)
      }
      hop.appendTo(this.route.nextHops)
      at += aligned(length)
    }
  }
}

const TYPES: Readonly<Record<number, RouteType>> = {
  [RouteKind.Unicast]: 'unicast',
  [RouteKind.Blackhole]: 'blackhole',
}

/** A next hop while its attributes come in. */
class SingleNextHop {
  interfaceIndex = 0
  weight = 1
  #family: 0 | 4 | 6 = 0
  #gateway = new Uint32Array(4)

  clear(): void {
    this.interfaceIndex = 0
    this.weight = 1
    this.#family = 0
  }

  get isThere(): boolean {
    return this.interfaceIndex !== 0 || this.#family !== 0
  }

  /** Takes RTA_GATEWAY, or RTA_VIA of another family than the route's; false for any other attribute. */
  gatewayFrom(view: DataView, attribute: number): boolean {
    const length = view.getUint16(attribute, true)
    const type = view.getUint16(attribute + 2, true)
    if (type !== RouteAttribute.Gateway && type !== RouteAttribute.Via) return false
    const skipped = type === RouteAttribute.Gateway ? 4 : 6
    const at = attribute + skipped
    this.#family = length - skipped === 4 ? 4 : 6
    for (let i = 0; i < 4; i++) this.#gateway[i] = 4 * i + skipped + 4 <= length ? view.getUint32(at + 4 * i) : 0
    return true
  }

  appendTo(nextHops: NextHopWords): void {
    const at = nextHops.append()
    nextHops.words[at] = this.#family
    nextHops.words[at + 1] = this.interfaceIndex
    nextHops.words[at + 2] = this.weight
    if (this.#family !== 0) nextHops.words.set(this.#gateway, at + 3)
  }
}

function isFamily(family: number): boolean {
  return family === AddressFamily[4] || family === AddressFamily[6]
}
