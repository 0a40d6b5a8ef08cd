import { expect, test } from 'vitest'
import { hex, message, open, RawPeer, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** More routes than one step of a catch-up looks at. */
const ROUTES = 50_000
const MESSAGE = 500
const refresh = message(5, 0, 1, 0, 1)

const nth = (n: number) => `20.${n >> 8}.${n & 255}.0/24`
/** What an UPDATE's octets hold for it, and for no other route here: a /24 and the three octets of its address. */
const nlri = (n: number) => hex(Uint8Array.of(24, 20, n >> 8, n & 255))

test('what changes while a member is caught up is told it once, in its place or afterwards', () => {
  const rack = new Rack()
  rack.network.highWaterOctets = 1_000
  const ids = [2, 3]
  rack.speaker('10.0.0.1', {
    peers: ids.map((id) => peer(`10.0.0.${id}`, { passive: true, routeReflectorClient: true })),
  })
  const [source, client] = ids.map((id) =>
    new RawPeer(rack, `10.0.0.${id}`).establish('10.0.0.1', open({ identifier: [10, 0, 0, id] })),
  ) as [RawPeer, RawPeer]
  for (let n = 0; n < ROUTES; n += MESSAGE) {
    source.write(update({ nlri: Array.from({ length: MESSAGE }, (_, i) => nth(n + i)) }))
  }
  rack.clock.runUntilIdle()
  expect(client.routes.size).toBe(ROUTES)

  // It asks for everything again and reads nothing, so that the first step is all that is sent.
  const reader = [...rack.network.connections].find(({ localAddress }) => localAddress === '10.0.0.3')!
  reader.stall(true)
  client.received.length = 0
  client.send(refresh)
  const changed = [10, ROUTES - 10]
  source.send(update({ nlri: changed.map(nth), med: 7 }))
  source.send(update({ withdrawn: [nth(ROUTES - 11)] }))
  reader.stall(false)
  rack.clock.runUntilIdle()

  const times = (n: number) => client.received.filter((octets) => hex(octets).includes(nlri(n))).length
  // The first lies in what had been sent already, the last had not been told again, and stands for itself.
  expect([10, 11, ROUTES - 10, ROUTES - 12].map(times)).toEqual([2, 1, 1, 1])
  for (const n of changed) expect(client.routes.get(nth(n))?.get(4)).toBe('00000007')
  expect(client.routes.size).toBe(ROUTES - 1)
})
