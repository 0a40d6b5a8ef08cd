import { describe, expect, test } from 'vitest'
import { decodeAddress, decodeLink } from '../../../routing/netlink/link-decoder.ts'
import { type Message, MessageReader } from '../../../routing/netlink/message.ts'
import { ADDRESSES, LINKS, octetsOf } from './captures.ts'

function message(octets: Uint8Array): Message {
  const reader = new MessageReader()
  reader.begin(octets)
  reader.next()
  return reader
}

const changed = (octets: Uint8Array, at: number, ...values: number[]) => {
  const copy = octets.slice()
  copy.set(values, at)
  return message(copy)
}

describe('links', () => {
  test('their index, name and state', () => {
    expect(decodeLink(message(octetsOf(LINKS.lo)))).toEqual({
      index: 1,
      name: 'lo',
      on: true,
      up: true,
      loopback: true,
    })
    expect(decodeLink(message(octetsOf(LINKS.east)))).toEqual({
      index: 2,
      name: 'east',
      on: true,
      up: true,
      loopback: false,
    })
  })

  test.each([
    ['switched off', 0x00, { on: false, up: false }],
    ['on, without a carrier', 0x01, { on: true, up: false }],
  ])('%s', (_, flags, expected) => {
    expect(decodeLink(changed(octetsOf(LINKS.east), 24, flags))).toMatchObject(expected)
  })

  test('news of a bridge about its port is none of a link', () => {
    expect(decodeLink(changed(octetsOf(LINKS.east), 16, 7))).toBeUndefined()
  })
})

describe('addresses', () => {
  const v4 = octetsOf(ADDRESSES['192.0.2.1/24 dev west'])
  const v6 = octetsOf(ADDRESSES['2001:db8::1/64 dev west'])

  test('with their subnets', () => {
    expect(decodeAddress(message(v4))).toEqual({ interfaceIndex: 3, address: '192.0.2.1', subnet: '192.0.2.0/24' })
    expect(decodeAddress(message(v6))).toEqual({ interfaceIndex: 3, address: '2001:db8::1', subnet: '2001:db8::/64' })
  })

  test('on a point-to-point link the subnet is the far side’s', () => {
    // IFA_ADDRESS 192.0.2.9, IFA_LOCAL stays.
    const far = changed(changedOctets(v4, 17, 32), 31, 9)
    expect(decodeAddress(far)).toEqual({ interfaceIndex: 3, address: '192.0.2.1', subnet: '192.0.2.9/32' })
  })

  test('without a route of their own', () => {
    // IFA_F_NOPREFIXROUTE
    const flagged = decodeAddress(changed(v6, v6.length - 4, 0x82, 0x02))
    expect(flagged).toEqual({ interfaceIndex: 3, address: '2001:db8::1' })
  })

  test('that somebody else has too are none', () => {
    // IFA_F_DADFAILED
    expect(decodeAddress(changed(v6, v6.length - 4, 0x88))).toBeUndefined()
  })
})

function changedOctets(octets: Uint8Array, at: number, value: number): Uint8Array {
  const copy = octets.slice()
  copy[at] = value
  return copy
}
