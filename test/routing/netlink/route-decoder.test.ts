import { describe, expect, test } from 'vitest'
import type { KernelRoute } from '../../../routing/fib/kernel-routes.ts'
import { formatPrefix } from '../../../routing/ip/prefix.ts'
import { MessageReader } from '../../../routing/netlink/message.ts'
import { RouteDecoder } from '../../../routing/netlink/route-decoder.ts'
import { formatRoute } from '../../fakes/route-text.ts'
import {
  octetsOf,
  SENT,
  SHOWN,
  SHOWN_CONNECTED,
  SHOWN_UNREACHABLE,
  SHOWN_WITH_EXTRAS,
  SHOWN_WITH_OBJECT,
} from './captures.ts'

const LINK_NAMES: Readonly<Record<number, string>> = { 3: 'west', 5: 'south' }

function decode(octets: Uint8Array): KernelRoute | undefined {
  const reader = new MessageReader()
  const decoder = new RouteDecoder()
  reader.begin(octets)
  return reader.next() && decoder.decode(reader) ? decoder.route : undefined
}

function textOf(route: KernelRoute | undefined): string | undefined {
  if (route === undefined) return undefined
  return formatRoute({
    ...route,
    type: route.type === 'blackhole' ? 'blackhole' : 'unicast',
    prefix: formatPrefix(route.prefix),
    nextHops: route.nextHops.toNextHops().map(({ interfaceIndex, ...rest }) => ({
      ...rest,
      dev: LINK_NAMES[interfaceIndex] ?? `${interfaceIndex}`,
    })),
  })
}

describe('reads', () => {
  test.each(Object.entries(SHOWN))('%s', (text, hex) => {
    const route = decode(octetsOf(hex))
    expect(textOf(route)).toBe(text)
    expect(route?.strange).toBe(false)
  })

  test.each(Object.entries(SENT).filter(([text]) => text.includes(' add ')))('what is sent too: %s', (text, hex) => {
    expect(textOf(decode(octetsOf(hex)))).toBe(text.replace(/^ip (-6 )?route add /, ''))
  })

  test('a route with attributes that ours never have', () => {
    const route = decode(octetsOf(SHOWN_WITH_EXTRAS))
    expect(textOf(route)).toBe('10.7.0.0/16 via 192.0.2.2 dev west proto 179 metric 5')
    expect(route?.strange).toBe(true)
  })

  test('a route that names a next-hop object, and its next hops', () => {
    const route = decode(octetsOf(SHOWN_WITH_OBJECT))
    expect(route).toMatchObject({ group: 22, strange: false })
    expect(textOf(route)).toBe(
      '10.2.0.0/16 proto 179 metric 1024 nexthop via 192.0.2.2 dev west weight 1 nexthop via inet6 2001:db8::2 dev west weight 3',
    )
  })

  test('a route of a type that we never make', () => {
    expect(decode(octetsOf(SHOWN_UNREACHABLE))).toMatchObject({ type: 'other', protocol: 4, metric: 5 })
  })

  test('a connected route', () => {
    const route = decode(octetsOf(SHOWN_CONNECTED))
    expect(route).toMatchObject({ type: 'unicast', protocol: 2 })
    expect(textOf(route)).toBe('192.0.2.0/24 dev west proto 2 metric 0')
  })

  test('whether it took the place of another: in news, not in a dump', () => {
    const octets = octetsOf(SHOWN['10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024'])
    const withFlags = (flags: number) => {
      const copy = octets.slice()
      new DataView(copy.buffer).setUint16(6, flags, true)
      return decode(copy)?.replaces
    }
    expect([withFlags(0x100), withFlags(0x400), withFlags(0x102)]).toEqual([true, false, false])
  })
})

describe('passes over', () => {
  const octets = octetsOf(SHOWN['10.2.0.0/16 via 192.0.2.2 dev west proto 179 metric 1024'])
  test.each([
    ['local addresses', 16 + 7, 2],
    ['broadcast addresses', 16 + 7, 3],
    ['multicast routes', 16 + 7, 5],
    ['routes for a type of service', 16 + 3, 0x10],
    ['routes from a source prefix', 16 + 2, 8],
    ['cached routes', 16 + 9, 0x02],
    ['other families', 16, 28],
  ])('%s', (_, at, value) => {
    const copy = octets.slice()
    copy[at] = value
    expect(decode(copy)).toBeUndefined()
  })
})

test('any octets whatever are read without an end or an exception', () => {
  const octets = octetsOf(
    SHOWN[
      '10.3.0.0/16 proto 179 metric 1024 nexthop via 192.0.2.2 dev west weight 1 nexthop via 198.51.100.7 dev south weight 3'
    ],
  )
  for (let at = 28; at < octets.length; at++) {
    for (const value of [0, 1, 3, 0x7f, 0xff]) {
      const copy = octets.slice()
      copy[at] = value
      expect(() => decode(copy)).not.toThrow()
    }
  }
  for (let length = 0; length < octets.length; length++) expect(() => decode(octets.slice(0, length))).not.toThrow()
})
