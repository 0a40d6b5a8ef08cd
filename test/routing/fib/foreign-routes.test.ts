import { beforeEach, describe, expect, test } from 'vitest'
import { ForeignRoutes } from '../../../routing/fib/foreign-routes.ts'
import type { KernelRoute } from '../../../routing/fib/kernel-routes.ts'
import { NextHopWords } from '../../../routing/fib/next-hop-words.ts'
import { address } from '../../../routing/ip/address.ts'
import { prefix, prefixWords } from '../../../routing/ip/prefix.ts'
import { parseRoute } from '../../fakes/route-text.ts'

/** Links are called by their index. */
function route(text: string): KernelRoute {
  const { type, table, protocol, metric, nextHops, ...rest } = parseRoute(text)
  const words = new NextHopWords()
  for (const { dev, gateway } of nextHops)
    words.add(Number(dev), 1, gateway === undefined ? undefined : address(gateway))
  return {
    type,
    table,
    protocol,
    metric,
    prefix: prefixWords(rest.prefix),
    nextHops: words,
    strange: false,
    group: 0,
    replaces: false,
  }
}

describe('routes of others', () => {
  let foreign: ForeignRoutes
  beforeEach(() => {
    foreign = new ForeignRoutes()
  })

  const gatewayTo = (to: string, tables = [254]) => foreign.lookup(address(to), tables)?.target.nextHops[0]?.gateway
  const occupied = (text: string, metric: number, table = 254) =>
    foreign.occupies(prefixWords(prefix(text)), table, metric)

  test('the most specific one leads, and of two the one with the smaller metric', () => {
    foreign.add(route('10.0.0.0/8 via 192.0.2.1 dev 1'))
    foreign.add(route('10.1.0.0/16 via 192.0.2.2 dev 1 metric 20'))
    foreign.add(route('10.1.0.0/16 via 192.0.2.3 dev 1 metric 10'))
    expect(gatewayTo('10.2.0.1')).toBe('192.0.2.1')
    expect(gatewayTo('10.1.0.1')).toBe('192.0.2.3')
    foreign.remove(route('10.1.0.0/16 metric 10'))
    expect(gatewayTo('10.1.0.1')).toBe('192.0.2.2')
    foreign.remove(route('10.1.0.0/16 metric 20'))
    expect(gatewayTo('10.1.0.1')).toBe('192.0.2.1')
  })

  test('the default route is the last that counts, and told apart', () => {
    foreign.add(route('0.0.0.0/0 via 192.0.2.1 dev 1'))
    foreign.add(route('10.0.0.0/8 via 192.0.2.2 dev 1 metric 20'))
    expect(foreign.lookup(address('10.0.0.1'), [254])).toMatchObject({ isDefault: false })
    expect(foreign.lookup(address('11.0.0.1'), [254])).toMatchObject({ isDefault: true })
    expect([gatewayTo('10.0.0.1'), gatewayTo('11.0.0.1')]).toEqual(['192.0.2.2', '192.0.2.1'])
  })

  test('other tables do not count', () => {
    foreign.add(route('10.0.0.0/8 via 192.0.2.1 dev 1 table 100'))
    expect(gatewayTo('10.0.0.1')).toBeUndefined()
    expect(gatewayTo('10.0.0.1', [254, 100])).toBe('192.0.2.1')
  })

  test('IPv6 too', () => {
    foreign.add(route('2001:db8::/32 via 2001:db8::1 dev 1'))
    foreign.add(route('2001:db8:5::/48 via 2001:db8::2 dev 1'))
    expect(gatewayTo('2001:db8:5::9')).toBe('2001:db8::2')
    expect(gatewayTo('2001:db8:6::9')).toBe('2001:db8::1')
  })

  test('a place is a prefix, a table and a metric', () => {
    foreign.add(route('10.0.0.0/8 via 192.0.2.1 dev 1 metric 20'))
    foreign.add(route('blackhole 10.0.0.0/8 metric 30 table 100'))
    expect(occupied('10.0.0.0/8', 20)).toBe(true)
    expect(occupied('10.0.0.0/8', 30)).toBe(false)
    expect(occupied('10.0.0.0/8', 30, 100)).toBe(true)
    expect(occupied('10.0.0.0/9', 20)).toBe(false)
  })

  test('what a dump does not show any more is forgotten, what came meanwhile is not', () => {
    foreign.add(route('10.0.0.0/8 via 192.0.2.1 dev 1'))
    foreign.add(route('10.1.0.0/16 via 192.0.2.1 dev 1'))
    foreign.beginDump()
    foreign.add(route('10.0.0.0/8 via 192.0.2.1 dev 1'))
    foreign.add(route('10.2.0.0/16 via 192.0.2.2 dev 1'))
    foreign.remove(route('10.0.0.0/8'))
    // Until it is over the old knowledge serves.
    expect(occupied('10.1.0.0/16', 0)).toBe(true)
    foreign.endDump()
    expect([occupied('10.0.0.0/8', 0), occupied('10.1.0.0/16', 0), occupied('10.2.0.0/16', 0)]).toEqual([
      false,
      false,
      true,
    ])
  })
})
