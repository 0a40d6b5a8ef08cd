import { describe, expect, test } from 'vitest'
import type { KernelTarget } from '../../../routing/fib/kernel-target.ts'
import { BATCH_ROUTES, Operation, RouteBatch } from '../../../routing/fib/route-batch.ts'
import { address } from '../../../routing/ip/address.ts'
import { prefixWords } from '../../../routing/ip/prefix.ts'
import { RouteEncoder } from '../../../routing/netlink/route-encoder.ts'
import { parseRoute } from '../../fakes/route-text.ts'
import { octetsOf, SENT } from './captures.ts'

const LINK_INDEXES: Readonly<Record<string, number>> = { west: 3, south: 5 }
const TABLE = '0f00'

function batchOf(text: string): RouteBatch {
  const batch = new RouteBatch()
  const [, command = '', route = ''] = /^ip (?:-6 )?route (\w+) (.*)/.exec(text) ?? []
  const { type, prefix, table, protocol, metric, nextHops } = parseRoute(route)
  batch.table = table
  batch.protocol = protocol
  const target: KernelTarget = {
    type,
    metric,
    nextHops: nextHops.map(({ gateway, dev, weight }) => ({
      interfaceIndex: LINK_INDEXES[dev] ?? 0,
      weight,
      ...(gateway !== undefined && { gateway: address(gateway) }),
    })),
  }
  const isDeletion = command === 'del'
  batch.add(isDeletion ? Operation.Delete : Operation.Add, prefixWords(prefix), isDeletion ? undefined : target, metric)
  return batch
}

/** Header and fixed part, but for the length, the sequence number and the port; then the attributes by type. */
function parts(octets: Uint8Array) {
  const hex = (start: number, end: number) => Buffer.from(octets.subarray(start, end)).toString('hex')
  const attributes = new Map<string, string>()
  for (let at = 28; at < octets.length; ) {
    const length = octets[at]! | (octets[at + 1]! << 8)
    attributes.set(hex(at + 2, at + 4), hex(at + 4, at + length))
    at += (length + 3) & ~3
  }
  return { kind: hex(4, 8), fixed: hex(16, 28), attributes }
}

const wholeOf = (pieces: readonly Uint8Array[]) => Uint8Array.from(pieces.flatMap((piece) => [...piece]))
const uint32 = (octets: Uint8Array, at: number) => new DataView(octets.buffer, octets.byteOffset).getUint32(at, true)

/** Each message of what is sent. */
function messages(octets: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let at = 0; at < octets.length; at += uint32(octets, at)) found.push(octets.slice(at, at + uint32(octets, at)))
  return found
}

describe('says what ip says', () => {
  test.each(Object.entries(SENT))('%s', (text, hex) => {
    const ours = wholeOf(new RouteEncoder().encode(batchOf(text), 1))
    expect(uint32(ours, 0)).toBe(ours.length)
    const { attributes, ...head } = parts(ours)
    const { attributes: expected, ...expectedHead } = parts(octetsOf(hex))
    // The table is always said, for it may be larger than its octet in the fixed part.
    expect(attributes.get(TABLE)).toBe(text.includes('table 1000') ? 'e8030000' : 'fe000000')
    attributes.delete(TABLE)
    expected.delete(TABLE)
    expect(head).toEqual(expectedHead)
    expect(Object.fromEntries(attributes)).toEqual(Object.fromEntries(expected))
  })
})

const ROUTE = 'ip route add 10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024'

test('a route to a target with a group names it, and no next hops', () => {
  const batch = batchOf(ROUTE)
  batch.targets[0] = { ...batch.targets[0]!, group: 22 }
  const { attributes } = parts(wholeOf(new RouteEncoder().encode(batch, 1)))
  // RTA_NH_ID, but neither RTA_OIF nor RTA_GATEWAY.
  expect(attributes.get('1e00')).toBe('16000000')
  expect([attributes.has('0400'), attributes.has('0500')]).toEqual([false, false])
})

test('a replacement creates nothing', () => {
  const batch = batchOf(ROUTE)
  batch.operations[0] = Operation.Replace
  // RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE.
  expect(parts(wholeOf(new RouteEncoder().encode(batch, 1))).kind).toBe('18000501')
})

test('messages of a batch are numbered, and only the last asks for an answer', () => {
  const batch = new RouteBatch()
  for (let i = 0; i < 3; i++)
    batch.add(Operation.Delete, { ...prefixWords(parseRoute('10.0.0.0/8').prefix) }, undefined, i)
  const sent = messages(wholeOf(new RouteEncoder().encode(batch, 77)))
  expect(sent.map((each) => uint32(each, 8))).toEqual([77, 78, 79])
  expect(sent.map((each) => (each[6]! & 4) !== 0)).toEqual([false, false, true])
})

test('a large batch is sent in parts of whole messages', () => {
  const target: KernelTarget = {
    type: 'unicast',
    metric: 1,
    nextHops: Array.from({ length: 64 }, (_, i) => ({
      gateway: address(`2001:db8::${(i + 1).toString(16)}`),
      interfaceIndex: i,
      weight: 1,
    })),
  }
  const batch = new RouteBatch()
  for (let i = 0; i < BATCH_ROUTES; i++)
    batch.add(Operation.Add, prefixWords(parseRoute('2001:db8::/32').prefix), target, 1)
  const pieces = new RouteEncoder().encode(batch, 1)
  expect(pieces.length).toBeGreaterThan(1)
  for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(131_072)
  expect(pieces.flatMap(messages).map((each) => uint32(each, 8))).toEqual(
    Array.from({ length: BATCH_ROUTES }, (_, i) => i + 1),
  )
})
