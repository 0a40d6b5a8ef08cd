import { afterEach, expect, test, vi } from 'vitest'
import type { ListenRangeConfig } from '../../bgp/contract.ts'
import { Tables } from '../../bgp/rib/tables.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import { open, RawPeer, u32, update } from './raw-peer.ts'
import { peer, Rack, seeded } from './speakers.ts'

/** Peers of a range that come and go, each time perhaps as somebody else, some to restart: slots are used again and again. */
const PREFIXES = Array.from({ length: 8 }, (_, i) => `20.${i}.0.0/16`)

afterEach(() => {
  vi.restoreAllMocks()
})

test.each([1, 2, 3, 4, 5, 6])('dynamic peers come and go, seed %i', (seed) => {
  const spy = vi.spyOn(Tables.prototype, 'takeSlot')
  const random = seeded(seed)
  const rack = new Rack()
  const { name: _, remoteAddress: __, port: ___, passive: ____, ...options } = peer('10.0.1.1')
  const range: ListenRangeConfig = {
    ...options,
    name: 'r',
    range: prefix('10.0.1.0/24'),
    limit: 9,
    routeReflectorClient: true,
  }
  const node = rack.speaker('10.0.0.1', {
    gracefulRestart: { restartSeconds: 60 },
    listenRanges: [range],
    peers: [peer('10.0.0.2', { passive: true })],
  })
  const looker = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ holdSeconds: 0 }))
  const raws = new Map<number, { raw: RawPeer; said: Set<string>; restarts: boolean }>()
  /** What is kept of those that may come back. */
  const kept = new Map<number, { said: Set<string>; until: number }>()

  const come = (id: number) => {
    const identifier = random() < 0.7 ? id : id + 100
    const restarts = random() < 0.5
    const graceful = restarts ? [64, 6, 0, 60, 0, 1, 1, 0x80] : []
    const capabilities = [1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000), ...graceful]
    const hello = open({ identifier: [10, 0, 1, identifier], holdSeconds: 0, capabilities })
    const raw = new RawPeer(rack, `10.0.1.${id}`).establish('10.0.0.1', hello)
    // Back as the same, forwarding kept: its routes stay until it says End-of-RIB, which it does at once here.
    kept.delete(id)
    raw.send(Uint8Array.from([...Array<number>(16).fill(0xff), 0, 23, 2, 0, 0, 0, 0]))
    raws.set(id, { raw, said: new Set(), restarts })
  }
  const go = (id: number) => {
    const { raw, said, restarts } = raws.get(id)!
    raws.delete(id)
    raw.close()
    if (restarts) kept.set(id, { said, until: rack.clock.now() + 60_000 })
  }
  const compare = () => {
    for (const [id, { until }] of [...kept]) if (until <= rack.clock.now()) kept.delete(id)
    const wanted = new Set([...raws.values(), ...kept.values()].flatMap(({ said }) => [...said]))
    expect([...looker.routes.keys()].sort()).toEqual([...wanted].sort())
  }

  for (let round = 0; round < 400; round++) {
    const id = 1 + Math.floor(random() * 5)
    const one = raws.get(id)
    if (one === undefined) come(id)
    else if (random() < 0.15) go(id)
    else {
      const nlri = PREFIXES.filter(() => random() < 0.3)
      const gone = random() < 0.4
      for (const at of nlri) gone ? one.said.delete(at) : one.said.add(at)
      one.raw.send(update(gone ? { withdrawn: nlri } : { nlri, med: Math.floor(random() * 3) }))
    }
    if (random() < 0.1) rack.settle(random() * 50)
    rack.clock.runUntilIdle()
    compare()
  }
  node.apply({ peers: [], listenRanges: [] })
  rack.settle(200)
  const tables = spy.mock.contexts[0] as unknown as Tables
  expect(tables.sets.size).toBe(0)
  for (const rib of tables.ribs.values()) expect([rib.prefixes.size, rib.rows]).toEqual([0, 0])
  expect(rack.clock.pending).toBe(0)
  expect(node.speaker.peers()).toEqual([])
})
