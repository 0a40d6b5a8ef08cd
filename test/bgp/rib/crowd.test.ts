import { expect, test } from 'vitest'
import { open, RawPeer, update } from '../raw-peer.ts'
import { peer, Rack, seeded } from '../speakers.ts'

test('an address that eighty clients announce: the best is the lowest identifier, whoever comes and goes', () => {
  const random = seeded(3)
  const rack = new Rack()
  const ids = Array.from({ length: 80 }, (_, i) => i + 1)
  const node = rack.speaker('10.0.1.1', {
    peers: ids.map((id) => peer(`10.0.0.${id}`, { passive: true, routeReflectorClient: true })),
  })
  const raw = new Map(
    ids.map((id) => [
      id,
      new RawPeer(rack, `10.0.0.${id}`).establish('10.0.1.1', open({ identifier: [10, 0, 0, id] })),
    ]),
  )
  const announcing = new Set<number>()
  for (let round = 0; round < 600; round++) {
    const id = ids[Math.floor(random() * ids.length)]!
    // Towards the end they all leave.
    const announce = round < 400 ? random() < 0.8 : random() < 0.1
    const prefix = '20.0.0.0/8'
    raw.get(id)!.send(announce ? update({ nlri: [prefix], nextHop: [10, 0, 0, id] }) : update({ withdrawn: [prefix] }))
    if (announce) announcing.add(id)
    else announcing.delete(id)
    const best = Math.min(...announcing)
    expect(node.best().get(prefix)?.from).toBe(announcing.size === 0 ? undefined : `10.0.0.${best}`)
    expect(node.speaker.routes({ allPaths: true }).routes).toHaveLength(announcing.size)
  }
  expect(raw.get(80)!.routes.has('20.0.0.0/8')).toBe([...announcing].some((id) => id !== 80))
})
