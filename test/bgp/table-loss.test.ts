import { afterEach, expect, test, vi } from 'vitest'
import { Rib } from '../../bgp/rib/rib.ts'
import { hex, open, RawPeer, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

const ROUTES = 8_000
const MESSAGE = 800

afterEach(() => void vi.restoreAllMocks())

/** Slices as small as this, so that a small table is many; gives those that were asked for. */
function cutSlicesTo(rows: number): number[] {
  const { sweep } = Rib.prototype
  const asked: number[] = []
  vi.spyOn(Rib.prototype, 'sweep').mockImplementation(function (this: Rib, slot, from, limit, visit) {
    // What only marks rows goes over all of them at once.
    if (limit === Number.POSITIVE_INFINITY) return sweep.call(this, slot, from, limit, visit)
    asked.push(limit)
    return sweep.call(this, slot, from, Math.min(limit, rows), visit)
  })
  return asked
}

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
    lost.write(update({ nlri: Array.from({ length: MESSAGE }, (_, i) => `20.${(n + i) >> 8}.${(n + i) & 255}.0/24`) }))
  }
  rack.clock.runUntilIdle()
  expect(hears.routes.size).toBe(ROUTES)

  hears.received.length = 0
  const asked = cutSlicesTo(1_000)
  speaks.write(update({ nlri: ['30.0.0.0/8'], nextHop: [10, 0, 0, 3] }))
  lost.close()
  expect([...hears.routes.keys()]).toEqual(['30.0.0.0/8'])
  expect(node.speaker.counts().ipv4).toBe(1)
  // A slice of a hundred thousand rows takes some ten milliseconds.
  expect(Math.max(...asked)).toBeLessThanOrEqual(100_000)
  const updates = hears.received.filter((octets) => octets[18] === 2)
  const first = updates.findIndex((octets) => hex(octets).endsWith('081e'))
  expect(first).toBeGreaterThanOrEqual(0)
  // The greater part of the withdrawals comes after it.
  expect(first).toBeLessThan(updates.length / 2)
})
