import { expect, test } from 'vitest'
import { hex, open, RawPeer, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** More than two slices. */
const ROUTES = 240_000
const MESSAGE = 800

test('a table that is lost with its peer goes in slices: what others say meanwhile is told in between', () => {
  const rack = new Rack()
  const ids = [2, 3, 4]
  const node = rack.speaker('10.0.0.1', {
    peers: ids.map((id) => peer(`10.0.0.${id}`, { passive: true, routeReflectorClient: true })),
  })
  const [lost, speaks, hears] = ids.map((id) =>
    new RawPeer(rack, `10.0.0.${id}`).establish('10.0.0.1', open({ identifier: [10, 0, 0, id] })),
  ) as [RawPeer, RawPeer, RawPeer]
  for (let n = 0; n < ROUTES; n += MESSAGE) {
    const nlri = Array.from(
      { length: MESSAGE },
      (_, i) => `${20 + ((n + i) >> 16)}.${((n + i) >> 8) & 255}.${(n + i) & 255}.0/24`,
    )
    lost.write(update({ nlri }))
  }
  rack.clock.runUntilIdle()
  expect(hears.routes.size).toBe(ROUTES)

  hears.received.length = 0
  speaks.write(update({ nlri: ['30.0.0.0/8'], nextHop: [10, 0, 0, 3] }))
  lost.close()
  expect([...hears.routes.keys()]).toEqual(['30.0.0.0/8'])
  expect(node.speaker.counts().ipv4).toBe(1)
  const updates = hears.received.filter((octets) => octets[18] === 2)
  const [first, last] = [updates.findIndex((octets) => hex(octets).endsWith('081e')), updates.length - 1]
  expect(first).toBeGreaterThanOrEqual(0)
  // The greater part of the withdrawals comes after it.
  expect(first).toBeLessThan(last / 2)
})
