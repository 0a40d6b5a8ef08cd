import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Numbering } from './numbering.ts'
import { update } from './octets.ts'

/** Recorded routes as a load: IPv4 UPDATEs, and numbers for whatever prefixes stand in them. */
export interface Recording {
  readonly octets: Uint8Array
  readonly numbering: Numbering
}

const TABLE_DUMP_V2 = 13
const RIB_IPV4_UNICAST = 2
const BGP4MP = 16
/** The same with microseconds. */
const BGP4MP_ET = 17
const MESSAGE_AS4 = 4
const UPDATE = 2

/**
 * Reads an MRT file (RFC 6396), gzipped or not: of a TABLE_DUMP_V2 the first route to each IPv4 prefix, of a BGP4MP
 * stream its UPDATEs in order. As an internal peer would tell them: NEXT_HOP becomes `nextHop`, LOCAL_PREF is there.
 */
export function readRecording(path: string, nextHop: readonly number[]): Recording {
  const file = readFileSync(path)
  const octets = file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file
  /** NLRI by attributes, in the order in which the attributes first came. */
  const table = new Map<string, number[][]>()
  const stream: Uint8Array[] = []
  for (const { type, subtype, body } of records(octets, path)) {
    if (type === TABLE_DUMP_V2 && subtype === RIB_IPV4_UNICAST) addRoute(body, nextHop, table)
    else if ((type === BGP4MP || type === BGP4MP_ET) && subtype === MESSAGE_AS4)
      addMessage(type === BGP4MP_ET ? body.subarray(4) : body, nextHop, stream)
  }
  const messages = [...[...table].flatMap(([set, prefixes]) => full(Buffer.from(set, 'latin1'), prefixes)), ...stream]
  if (messages.length === 0)
    throw new Error(`${path}: no IPv4 routes: a TABLE_DUMP_V2 with RIB_IPV4_UNICAST or BGP4MP_MESSAGE_AS4 is wanted`)
  return { octets: Buffer.concat(messages), numbering: new SeenPrefixes() }
}

function* records(octets: Buffer, path: string) {
  for (let at = 0; at < octets.length; ) {
    const end = at + 12 + (at + 12 <= octets.length ? octets.readUInt32BE(at + 8) : 0)
    if (at + 12 > octets.length || end > octets.length)
      throw new Error(`${path}: the MRT record at octet ${at} is cut off, or this is no MRT file`)
    yield {
      type: octets.readUInt16BE(at + 4),
      subtype: octets.readUInt16BE(at + 6),
      body: octets.subarray(at + 12, end),
    }
    at = end
  }
}

/** RFC 6396, section 4.3.4: sequence, prefix, entries of peer, time and attributes. */
function addRoute(body: Buffer, nextHop: readonly number[], table: Map<string, number[][]>): void {
  const prefixEnd = 5 + ((body[4]! + 7) >> 3)
  if (body.readUInt16BE(prefixEnd) === 0) return
  const start = prefixEnd + 2 + 8
  const set = adapted(body.subarray(start, start + body.readUInt16BE(start - 2)), nextHop)
  const key = Buffer.from(set).toString('latin1')
  const prefixes = table.get(key)
  if (prefixes === undefined) table.set(key, [[...body.subarray(4, prefixEnd)]])
  else prefixes.push([...body.subarray(4, prefixEnd)])
}

/** RFC 6396, section 4.4.3: two AS numbers, interface, family, two addresses, the message. */
function addMessage(body: Buffer, nextHop: readonly number[], stream: Uint8Array[]): void {
  const addressOctets = body.readUInt16BE(10) === 1 ? 4 : 16
  const message = body.subarray(12 + 2 * addressOctets)
  if (message[18] !== UPDATE) return
  const withdrawnEnd = 21 + message.readUInt16BE(19)
  const nlriStart = withdrawnEnd + 2 + message.readUInt16BE(withdrawnEnd)
  const withdrawn = message.subarray(21, withdrawnEnd)
  const nlri = message.subarray(nlriStart)
  if (withdrawn.length + nlri.length === 0) return
  const set = nlri.length === 0 ? [] : adapted(message.subarray(withdrawnEnd + 2, nlriStart), nextHop)
  stream.push(update(withdrawn, Uint8Array.from(set), nlri))
}

const NEXT_HOP = 3
const LOCAL_PREF = 5
/** Of other families, or for one session only. */
const LEFT_OUT = [NEXT_HOP, 9, 10, 14, 15]

function adapted(attributes: Buffer, nextHop: readonly number[]): number[] {
  const kept: number[] = []
  let preferred = false
  for (let at = 0; at < attributes.length; ) {
    const wide = (attributes[at]! & 0x10) !== 0
    const next = at + (wide ? 4 + attributes.readUInt16BE(at + 2) : 3 + attributes[at + 2]!)
    const code = attributes[at + 1]!
    if (!LEFT_OUT.includes(code)) kept.push(...attributes.subarray(at, next))
    preferred ||= code === LOCAL_PREF
    at = next
  }
  return [...kept, 0x40, NEXT_HOP, 4, ...nextHop, ...(preferred ? [] : [0x40, LOCAL_PREF, 4, 0, 0, 0, 100])]
}

const MOST_OCTETS = 4096 - 23

/** UPDATEs as full as they may be. */
function full(set: Uint8Array, prefixes: readonly number[][]): Uint8Array[] {
  const messages: Uint8Array[] = []
  let nlri: number[] = []
  for (const prefix of prefixes) {
    if (set.length + nlri.length + prefix.length > MOST_OCTETS) {
      messages.push(update(new Uint8Array(0), set, Uint8Array.from(nlri)))
      nlri = []
    }
    nlri.push(...prefix)
  }
  return [...messages, update(new Uint8Array(0), set, Uint8Array.from(nlri))]
}

/** Numbers prefixes as they are first seen. */
class SeenPrefixes implements Numbering {
  readonly family = 4
  readonly #numbers = new Map<number, number>()

  push(): void {
    throw new TypeError('recorded prefixes are not made from numbers')
  }

  read(octets: Uint8Array, at: number): number {
    let key = octets[at]!
    for (let i = 1; i <= 4; i++) key = key * 256 + (i <= (octets[at]! + 7) >> 3 ? octets[at + i]! : 0)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#numbers.size)
    return this.#numbers.size - 1
  }
}
