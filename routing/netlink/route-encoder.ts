import type { KernelNextHop, KernelTarget } from '../fib/kernel-target.ts'
import { BATCH_ROUTES, Operation, type RouteBatch } from '../fib/route-batch.ts'
import { addressOctets, type Family, familyOf } from '../ip/address.ts'
import {
  AddressFamily,
  Flag,
  MessageType,
  NEXT_HOP_OCTETS,
  RouteAttribute,
  RouteKind,
  SCOPE_NOWHERE,
  SCOPE_UNIVERSE,
} from './constants.ts'
import { aligned } from './message.ts'

/** Header, struct rtmsg, prefix, table and metric: the part before the next hops, in words. */
const FIXED_WORDS = { 4: 4 + 3 + 2 + 2 + 2, 6: 4 + 3 + 5 + 2 + 2 } as const
const FIRST_WORDS = BATCH_ROUTES * 32
/** A send must fit the socket's send buffer, whose default is 212,992 octets. */
const SEND_OCTETS = 131_072

const FLAGS: Readonly<Record<Operation, number>> = {
  [Operation.Add]: Flag.Request | Flag.Create | Flag.Exclusive,
  // Without Create: when our route is gone, nothing is put in the place of whatever may be there.
  [Operation.Replace]: Flag.Request | Flag.Replace,
  [Operation.Delete]: Flag.Request,
}

/** Writes batches as netlink messages into one buffer that is used again and again. */
export class RouteEncoder {
  #words: Uint32Array<ArrayBuffer> = new Uint32Array(FIRST_WORDS)
  #length = 0
  #tails = new WeakMap<KernelTarget, Partial<Record<Family, Uint32Array>>>()

  /** The whole batch, in parts that can be sent; change `i` has the sequence number `first + i`, the last asks for an answer. */
  encode(batch: RouteBatch, first: number): Uint8Array[] {
    const parts: Uint8Array[] = []
    this.#length = 0
    let partStart = 0
    let lastStart = 0
    const ends: [start: number, end: number][] = []
    for (let i = 0; i < batch.length; i++) {
      lastStart = this.#length
      this.#append(batch, i, first + i)
      if ((this.#length - partStart) * 4 > SEND_OCTETS) {
        ends.push([partStart, lastStart])
        partStart = lastStart
      }
    }
    ends.push([partStart, this.#length])
    this.#words[lastStart + 1]! |= Flag.Ack << 16
    // The buffer may have moved while it grew, so the parts are cut at last.
    for (const [start, end] of ends) {
      if (end > start) parts.push(new Uint8Array(this.#words.buffer, start * 4, (end - start) * 4))
    }
    return parts
  }

  #append(batch: RouteBatch, i: number, sequence: number): void {
    const operation = batch.operation(i)
    const family = batch.families[i] as Family
    const target = operation === Operation.Delete ? undefined : batch.targets[i]
    const tail = target === undefined ? NO_TAIL : this.#tailOf(target, family)
    const start = this.#length
    const length = FIXED_WORDS[family] + tail.length
    this.#ensure(length)
    const words = this.#words
    words[start] = length * 4
    words[start + 1] =
      (operation === Operation.Delete ? MessageType.DelRoute : MessageType.NewRoute) | (FLAGS[operation] << 16)
    words[start + 2] = sequence
    words[start + 3] = 0
    words[start + 4] = AddressFamily[family] | (batch.prefixLengths[i]! << 8)
    words[start + 5] = routeWord(batch, target)
    words[start + 6] = 0
    let at = start + 7
    words[at++] = attribute(RouteAttribute.Destination, family === 4 ? 4 : 16)
    words[at++] = swapped(batch.w0[i]!)
    if (family === 6) {
      words[at++] = swapped(batch.w1[i]!)
      words[at++] = swapped(batch.w2[i]!)
      words[at++] = swapped(batch.w3[i]!)
    }
    words[at++] = attribute(RouteAttribute.Table, 4)
    words[at++] = batch.table
    words[at++] = attribute(RouteAttribute.Priority, 4)
    words[at++] = batch.metrics[i]!
    words.set(tail, at)
    this.#length = start + length
  }

  /** The next hops of a target, written once and copied for each of its routes. */
  #tailOf(target: KernelTarget, family: Family): Uint32Array {
    let tails = this.#tails.get(target)
    if (tails === undefined) {
      tails = {}
      this.#tails.set(target, tails)
    }
    tails[family] ??= encodeTarget(target, family)
    return tails[family]
  }

  #ensure(words: number): void {
    if (this.#length + words <= this.#words.length) return
    const wider = new Uint32Array(2 * (this.#length + words))
    wider.set(this.#words)
    this.#words = wider
  }
}

const NO_TAIL = new Uint32Array(0)

/** Table (0: see the attribute), protocol, scope and kind. */
function routeWord(batch: RouteBatch, target: KernelTarget | undefined): number {
  const table = batch.table < 256 ? batch.table : 0
  const scope = target === undefined ? SCOPE_NOWHERE : SCOPE_UNIVERSE
  let kind = 0
  if (target !== undefined) kind = target.type === 'blackhole' ? RouteKind.Blackhole : RouteKind.Unicast
  return (table | (batch.protocol << 8) | (scope << 16) | (kind << 24)) >>> 0
}

function encodeTarget({ nextHops, group }: KernelTarget, family: Family): Uint32Array {
  if (group !== undefined) return Uint32Array.of(attribute(RouteAttribute.NextHopObject, 4), group)
  const [only] = nextHops
  if (only === undefined) return NO_TAIL
  if (nextHops.length === 1) {
    const octets = [...attributeHeader(RouteAttribute.OutInterface, 4), ...uint32(only.interfaceIndex)]
    return wordsOf([...octets, ...gateway(only, family)])
  }
  const inner = nextHops.flatMap((hop) => {
    const attributes = gateway(hop, family)
    const length = NEXT_HOP_OCTETS + attributes.length
    return [length & 0xff, length >> 8, 0, hop.weight - 1, ...uint32(hop.interfaceIndex), ...attributes]
  })
  return wordsOf([...attributeHeader(RouteAttribute.Multipath, inner.length), ...inner])
}

/** RTA_GATEWAY, or RTA_VIA when the gateway is of the other family (RFC 5549). */
function gateway({ gateway: address }: KernelNextHop, family: Family): number[] {
  if (address === undefined) return []
  const octets = [...addressOctets(address)]
  if (familyOf(address) === family) return [...attributeHeader(RouteAttribute.Gateway, octets.length), ...octets]
  const via = [
    ...attributeHeader(RouteAttribute.Via, octets.length + 2),
    AddressFamily[familyOf(address)],
    0,
    ...octets,
  ]
  return [...via, ...Array<number>(aligned(via.length) - via.length).fill(0)]
}

function attribute(type: number, octets: number): number {
  return (octets + 4) | (type << 16)
}

function attributeHeader(type: number, octets: number): number[] {
  return uint32(attribute(type, octets))
}

function uint32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]
}

function wordsOf(octets: readonly number[]): Uint32Array {
  return new Uint32Array(Uint8Array.from(octets).buffer)
}

/** Addresses are in network order, all else in the host's, which is little-endian. */
function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}
