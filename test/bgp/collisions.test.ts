import { expect, test } from 'vitest'
import { peer, Rack, seeded } from './speakers.ts'

/**
 * Two speakers that dial each other, whenever, over a link of any length (RFC 4271, section 6.8): both keep the same
 * connection, and neither counts anything as an error.
 */
test.each(Array.from({ length: 200 }, (_, i) => i + 1))(
  'two that dial each other end with one session, seed %i',
  (seed) => {
    const random = seeded(seed)
    const rack = new Rack()
    rack.network.latencyMs = random() < 0.3 ? 0 : random() * 40
    const gracefulRestart = random() < 0.5 ? { gracefulRestart: { restartSeconds: 120 } } : {}
    const nodes = [rack.speaker('10.0.0.1', gracefulRestart), rack.speaker('10.0.0.2', gracefulRestart)]
    const order = random() < 0.5 ? [0, 1] : [1, 0]
    for (const i of order) {
      nodes[i]!.apply({ peers: [peer(`10.0.0.${2 - i}`)] })
      rack.clock.advance(random() < 0.5 ? 0 : random() * 100)
    }
    rack.settle(5)
    for (const [i, node] of nodes.entries()) {
      expect(node.peer(`10.0.0.${2 - i}`)).toMatchObject({
        state: 'Established',
        timesEstablished: 1,
        notifications: [],
      })
    }
    expect(rack.network.connections.size).toBe(2)
  },
)
