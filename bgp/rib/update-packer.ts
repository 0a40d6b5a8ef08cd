import { OPTIONAL } from '../wire/attributes/codec.ts'
import type { FamilyRow } from '../wire/families.ts'
import { HEADER_OCTETS } from '../wire/framer.ts'
import { AttributeCode, AttributeFlag, MessageType } from '../wire/iana.ts'
import { writeHeader } from '../wire/message.ts'
import { nlriOctets, PATH_ID_OCTETS, writeNlri, writePathId } from '../wire/nlri.ts'
import type { SetId } from './attributes-table.ts'
import type { Buckets } from './buckets.ts'
import type { Exporter } from './export.ts'
import type { Rib } from './rib.ts'

/** Nobody's: a run of messages that every member gets. */
export const FOR_ALL = -1

/** Finished UPDATEs, shared by all who get them. `runs` tell whose own routes lie where, so that they can be left out. */
export interface UpdateChunk {
  readonly octets: Uint8Array
  /** Run i is `octets[starts[i]..starts[i + 1])` (the last one ends with the chunk) and holds routes of `sources[i]`. */
  readonly starts: readonly number[]
  readonly sources: readonly number[]
  /** Messages before each run, and in all. */
  readonly before: readonly number[]
  readonly messages: number
}

/** A chunk is handed over when it has grown to this. */
const CHUNK_OCTETS = 128 * 1024
const UPDATE_OVERHEAD = HEADER_OCTETS + 4
/** MP_REACH_NLRI with an IPv6 next hop and without NLRI. */
const MP_OCTETS = 4 + 5 + 16

/**
 * Buckets of prefixes → UPDATEs that are as full as the limit allows (RFC 4271, section 4.3; RFC 4760, sections 3
 * and 4). Attributes are written once per bucket and copied to each of its messages.
 */
export class UpdatePacker {
  readonly #rib: Rib
  /** What is packed are paths, with their rows as identifiers (RFC 7911), not prefixes. */
  readonly #paths: boolean
  readonly #family: FamilyRow
  readonly #exporter: Exporter
  readonly #maxMessage: number
  readonly #emit: (chunk: UpdateChunk) => void
  #out: Uint8Array
  #end = 0
  #starts: number[] = []
  #sources: number[] = []
  #before: number[] = []
  #messages = 0
  #attributes = new Uint8Array(4096)

  constructor(rib: Rib, paths: boolean, exporter: Exporter, maxMessage: number, emit: (chunk: UpdateChunk) => void) {
    this.#rib = rib
    this.#paths = paths
    this.#family = rib.family
    this.#exporter = exporter
    this.#maxMessage = maxMessage
    this.#emit = emit
    this.#out = new Uint8Array(CHUNK_OCTETS + maxMessage)
  }

  /**
   * Do the attributes leave room for a prefix in one message? Where they do not, the route cannot be told to this
   * session's kind (RFC 4271, section 9.2: not an error). Nearly always their length alone says that they do.
   */
  fits(set: SetId, setOctets: number): boolean {
    const nlri = (this.#paths ? PATH_ID_OCTETS : 0) + 1 + this.#family.octets
    if (mostExported(setOctets) <= this.#maxMessage - UPDATE_OVERHEAD - MP_OCTETS - nlri) return true
    const length = this.#writeAttributes(set, setOctets)
    const mpOctets = this.#mpNextHop(set) === undefined ? 0 : MP_OCTETS
    return UPDATE_OVERHEAD + length + mpOctets + nlri <= this.#maxMessage
  }

  /** All prefixes of one bucket, announced with one attribute set that `fits`. */
  announce(set: SetId, source: number, setOctets: number, buckets: Buckets, key: number): void {
    const length = this.#writeAttributes(set, setOctets)
    const nextHop = this.#mpNextHop(set)
    this.#openRun(source)
    let entry = buckets.firstEntry(key)
    while (!buckets.isEnd(entry)) {
      const start = this.#begin()
      if (nextHop === undefined) entry = this.#classic(start, length, buckets, entry)
      else entry = this.#multiprotocol(start, length, nextHop, buckets, entry)
    }
  }

  /** The next hop that must stand in MP_REACH_NLRI: that of an IPv6 route, or an IPv6 one (RFC 8950). */
  #mpNextHop(set: SetId): Uint8Array | undefined {
    const nextHop = this.#exporter.nextHop(set)
    return nextHop?.length === 16 ? nextHop : undefined
  }

  /** All prefixes of one bucket, withdrawn. */
  withdraw(source: number, buckets: Buckets, key: number): void {
    this.#openRun(source)
    let entry = buckets.firstEntry(key)
    while (!buckets.isEnd(entry)) {
      const start = this.#begin()
      entry =
        this.#family.family === 4
          ? this.#classicWithdraw(start, buckets, entry)
          : this.#multiprotocolWithdraw(start, buckets, entry)
    }
  }

  /** Hands over what is there. */
  flush(): void {
    if (this.#end === 0) return
    const octets = this.#out.slice(0, this.#end)
    const chunk = {
      octets,
      starts: this.#starts,
      sources: this.#sources,
      before: this.#before,
      messages: this.#messages,
    }
    this.#end = 0
    this.#starts = []
    this.#sources = []
    this.#before = []
    this.#messages = 0
    this.#emit(chunk)
  }

  #writeAttributes(set: SetId, setOctets: number): number {
    const room = mostExported(setOctets)
    if (room > this.#attributes.length) this.#attributes = new Uint8Array(room * 2)
    return this.#exporter.write(set, this.#attributes, 0)
  }

  #openRun(source: number): void {
    if (this.#sources.at(-1) === source) return
    this.#starts.push(this.#end)
    this.#sources.push(source)
    this.#before.push(this.#messages)
  }

  /** Start of a new message; emits the chunk first when it has grown large enough. */
  #begin(): number {
    if (this.#end >= CHUNK_OCTETS) {
      const source = this.#sources.at(-1)!
      this.flush()
      this.#openRun(source)
    }
    return this.#end
  }

  #finish(start: number, end: number): void {
    writeHeader(this.#out, start, end - start, MessageType.Update)
    this.#messages++
    this.#end = end
  }

  #classic(start: number, attributesLength: number, buckets: Buckets, first: number): number {
    let at = start + HEADER_OCTETS
    at = this.#putUint16(at, 0)
    at = this.#putUint16(at, attributesLength)
    at = this.#putAttributes(at, attributesLength)
    return this.#fill(start, at, start + this.#maxMessage, buckets, first)
  }

  #classicWithdraw(start: number, buckets: Buckets, first: number): number {
    const lengthAt = start + HEADER_OCTETS
    const limit = start + this.#maxMessage - 2
    const next = this.#fill(start, lengthAt + 2, limit, buckets, first)
    const end = this.#putUint16(this.#end, 0)
    this.#putUint16(lengthAt, end - 2 - (lengthAt + 2))
    this.#refinish(start, end)
    return next
  }

  /** MP_REACH_NLRI stands first, so that errors elsewhere cannot hide its routes (RFC 7606, section 5.1). */
  #multiprotocol(
    start: number,
    attributesLength: number,
    nextHop: Uint8Array,
    buckets: Buckets,
    first: number,
  ): number {
    const totalAt = start + HEADER_OCTETS + 2
    this.#putUint16(totalAt - 2, 0)
    const headerAt = totalAt + 2
    let at = this.#putFamily(headerAt + 4)
    this.#out[at++] = nextHop.length
    this.#out.set(nextHop, at)
    at += nextHop.length
    this.#out[at++] = 0
    const next = this.#fill(start, at, start + this.#maxMessage - attributesLength, buckets, first)
    this.#putMpHeader(headerAt, AttributeCode.MpReach, this.#end - headerAt - 4)
    const end = this.#putAttributes(this.#end, attributesLength)
    this.#putUint16(totalAt, end - headerAt)
    this.#refinish(start, end)
    return next
  }

  #multiprotocolWithdraw(start: number, buckets: Buckets, first: number): number {
    const totalAt = start + HEADER_OCTETS + 2
    this.#putUint16(totalAt - 2, 0)
    const headerAt = totalAt + 2
    const at = this.#putFamily(headerAt + 4)
    const next = this.#fill(start, at, start + this.#maxMessage, buckets, first)
    this.#putMpHeader(headerAt, AttributeCode.MpUnreach, this.#end - headerAt - 4)
    this.#putUint16(totalAt, this.#end - headerAt)
    return next
  }

  /** NLRI up to the limit; returns the first entry that did not fit. */
  #fill(start: number, from: number, limit: number, buckets: Buckets, first: number): number {
    if (this.#paths) return this.#fillPaths(start, from, limit, buckets, first)
    const { prefixes } = this.#rib
    let at = from
    let entry = first
    while (!buckets.isEnd(entry)) {
      const id = buckets.idOf(entry)
      if (at + nlriOctets(prefixes.lengthOf(id)) > limit) break
      at = writeNlri(prefixes, id, this.#out, at)
      entry = buckets.nextEntry(entry)
    }
    this.#finish(start, at)
    return entry
  }

  #fillPaths(start: number, from: number, limit: number, buckets: Buckets, first: number): number {
    const { prefixes } = this.#rib
    let at = from
    let entry = first
    while (!buckets.isEnd(entry)) {
      const row = buckets.idOf(entry)
      const prefix = this.#rib.prefixOf(row)
      if (at + PATH_ID_OCTETS + nlriOctets(prefixes.lengthOf(prefix)) > limit) break
      at = writeNlri(prefixes, prefix, this.#out, writePathId(row, this.#out, at))
      entry = buckets.nextEntry(entry)
    }
    this.#finish(start, at)
    return entry
  }

  /** The length is known only after what follows the NLRI is written. */
  #refinish(start: number, end: number): void {
    this.#putUint16(start + 16, end - start)
    this.#end = end
  }

  #putAttributes(at: number, length: number): number {
    const from = this.#attributes
    if (length > 128) this.#out.set(from.subarray(0, length), at)
    else for (let i = 0; i < length; i++) this.#out[at + i] = from[i]!
    return at + length
  }

  #putFamily(at: number): number {
    this.#putUint16(at, this.#family.afi)
    this.#out[at + 2] = this.#family.safi
    return at + 3
  }

  #putMpHeader(at: number, code: number, length: number): void {
    this.#out[at] = OPTIONAL | AttributeFlag.ExtendedLength
    this.#out[at + 1] = code
    this.#putUint16(at + 2, length)
  }

  #putUint16(at: number, value: number): number {
    this.#out[at] = value >> 8
    this.#out[at + 1] = value & 0xff
    return at + 2
  }
}

/** Export adds at most an AS, an originator, a cluster, a preference, and AS4_PATH beside AS_PATH. */
function mostExported(setOctets: number): number {
  return setOctets * 2 + 256
}

/** End-of-RIB (RFC 4724, section 2): an empty UPDATE for IPv4, an empty MP_UNREACH_NLRI for the rest. */
export function endOfRib(family: FamilyRow): Uint8Array {
  const attributes = family.family === 4 ? [] : [OPTIONAL, AttributeCode.MpUnreach, 3, 0, family.afi, family.safi]
  const octets = new Uint8Array(UPDATE_OVERHEAD + attributes.length)
  writeHeader(octets, 0, octets.length, MessageType.Update)
  octets[HEADER_OCTETS + 3] = attributes.length
  octets.set(attributes, UPDATE_OVERHEAD)
  return octets
}
