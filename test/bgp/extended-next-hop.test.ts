import { expect, test } from 'vitest'
import { hex, message, open, RawPeer, u16, u32 } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** RFC 8950: IPv4 routes with IPv6 next hops; octets written out from its sections 3 and 4. */
const CAPABILITIES = [1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000)]
const EXTENDED = [5, 6, 0, 1, 0, 1, 0, 2]
const NEXT_HOP = [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), 2]

const attributes = [
  ...[0x80, 14, 23, 0, 1, 1, 16, ...NEXT_HOP, 0, 8, 20],
  ...[0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 5, ...[4, 0, 0, 0, 100]],
]
const ipv4OverIpv6 = message(2, ...u16(0), ...u16(attributes.length), ...attributes)

function stage() {
  const rack = new Rack()
  rack.speaker('10.0.0.1', {
    peers: ['10.0.0.2', '10.0.0.3', '10.0.0.4'].map((at) =>
      peer(at, { passive: true, families: ['ipv4-unicast'], routeReflectorClient: true }),
    ),
  })
  const join = (n: number, capabilities: number[]) =>
    new RawPeer(rack, `10.0.0.${n}`).establish('10.0.0.1', open({ identifier: [10, 0, 0, n], capabilities }))
  return { join }
}

const updates = (one: RawPeer) => one.received.filter((octets) => octets[18] === 2 && octets.length > 23)

test('the capability is offered as AFI, SAFI and the AFI of the next hop', () => {
  const { join } = stage()
  expect(hex(join(2, CAPABILITIES).received[0]!)).toContain('0506000100010002')
})

test('a route with an IPv6 next hop is reflected to whoever can take it, in MP_REACH_NLRI, and to nobody else', () => {
  const { join } = stage()
  const able = join(3, [...CAPABILITIES, ...EXTENDED])
  const unable = join(4, CAPABILITIES)
  join(2, [...CAPABILITIES, ...EXTENDED]).send(ipv4OverIpv6)
  expect(updates(unable)).toEqual([])
  expect(updates(able).map((octets) => hex(octets.subarray(19)))).toEqual([
    '0000' +
      '0037' +
      '900e0017' +
      '000101' +
      '10' +
      hex(Uint8Array.from(NEXT_HOP)) +
      '00' +
      '0814' +
      '40010100' +
      '400200' +
      '40050400000064' +
      '8009040a000002' +
      '800a040a000001',
  ])
})

test('from a peer that has not offered it, such a next hop ends the session (RFC 4760, section 3)', () => {
  const { join } = stage()
  expect(join(2, CAPABILITIES).send(ipv4OverIpv6).notification).toMatchObject({ code: 3, subcode: 9 })
})
