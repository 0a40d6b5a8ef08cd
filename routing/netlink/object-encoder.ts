import type { GroupId, KernelNextHop } from '../fib/kernel-target.ts'
import { addressOctets, familyOf } from '../ip/address.ts'
import { AddressFamily, Flag, MessageType, ObjectAttribute } from './constants.ts'

/** Of struct nlmsghdr and struct nhmsg. */
const FIXED_WORDS = 6
const UNSPECIFIED = 0
/** A part ends with the message that reaches this; what can be sent at once is more than twice as much. */
const PART_WORDS = 16_384

/** Writes messages about next-hop objects one after the other, each on behalf of a change, a small integer. */
export class ObjectEncoder {
  readonly #protocol: number
  readonly #first: number
  #words: number[] = []
  #lastStart = 0
  /** Where parts begin, but the first. */
  #cuts: number[] = []
  /** Of each message: which change it belongs to. The message has the sequence number of its place, from the first on. */
  readonly changes: number[] = []

  constructor(protocol: number, first: number) {
    this.#protocol = protocol
    this.#first = first
  }

  /** All messages, in parts that can be sent. */
  get parts(): Uint8Array[] {
    const octets = new Uint8Array(Uint32Array.from(this.#words).buffer)
    const starts = [0, ...this.#cuts].map((word) => word * 4)
    return starts.map((start, i) => octets.subarray(start, starts[i + 1])).filter((part) => part.length > 0)
  }

  single(change: number, id: number, { interfaceIndex, gateway }: KernelNextHop): void {
    const octets = gateway === undefined ? [] : addressOctets(gateway)
    const family = gateway === undefined ? AddressFamily[4] : AddressFamily[familyOf(gateway)]
    this.#message(change, MessageType.NewNextHop, Flag.Create | Flag.Exclusive, family, id, [
      ...(gateway === undefined ? [] : attribute(ObjectAttribute.Gateway, wordsOf(octets))),
      ...attribute(ObjectAttribute.OutInterface, [interfaceIndex]),
    ])
  }

  group(
    change: number,
    id: GroupId,
    members: readonly { readonly id: number; readonly weight: number }[],
    exists: boolean,
  ): void {
    const flags = exists ? Flag.Replace : Flag.Create | Flag.Exclusive
    const entries = members.flatMap((member) => [member.id, member.weight - 1])
    const group = attribute(ObjectAttribute.Group, entries)
    this.#message(change, MessageType.NewNextHop, flags, UNSPECIFIED, id, group)
  }

  remove(change: number, id: number): void {
    this.#message(change, MessageType.DelNextHop, 0, UNSPECIFIED, id, [])
  }

  /** The last message asks for an answer whatever comes of it. */
  askForAnswer(): void {
    this.#words[this.#lastStart + 1]! |= Flag.Ack << 16
  }

  #message(change: number, type: number, flags: number, family: number, id: number, rest: readonly number[]): void {
    const attributes = [...attribute(ObjectAttribute.Id, [id]), ...rest]
    this.#lastStart = this.#words.length
    if (this.#lastStart - (this.#cuts.at(-1) ?? 0) > PART_WORDS) this.#cuts.push(this.#lastStart)
    this.#words.push((FIXED_WORDS + attributes.length) * 4, type | ((Flag.Request | flags) << 16))
    this.#words.push(this.#first + this.changes.length, 0)
    const owner = type === MessageType.NewNextHop ? this.#protocol : 0
    this.#words.push(family | (owner << 16), 0, ...attributes)
    this.changes.push(change)
  }
}

function attribute(type: number, words: readonly number[]): number[] {
  return [(words.length * 4 + 4) | (type << 16), ...words]
}

function wordsOf(octets: Iterable<number>): number[] {
  return [...new Uint32Array(Uint8Array.from(octets).buffer)]
}
