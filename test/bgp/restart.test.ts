import { describe, expect, test } from 'vitest'
import { message, open, RawPeer, u32, update } from './raw-peer.ts'
import { own, peer, Rack } from './speakers.ts'

/** Graceful restart (RFC 4724): 10.0.0.2 restarts, 10.0.0.1 helps, 10.0.0.3 looks on. */
const capabilities = (restarting: boolean, kept: boolean) => [
  ...[1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000)],
  ...[64, 6, (restarting ? 0x80 : 0) | 0, 120, 0, 1, 1, kept ? 0x80 : 0],
]
const endOfRib = message(2, 0, 0, 0, 0)

function stage() {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    gracefulRestart: { restartSeconds: 120 },
    peers: [peer('10.0.0.2', { passive: true, routeReflectorClient: true }), peer('10.0.0.3', { passive: true })],
  })
  const looker = new RawPeer(rack, '10.0.0.3').establish(
    '10.0.0.1',
    open({ identifier: [10, 0, 0, 3], holdSeconds: 0 }),
  )
  const first = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities: capabilities(false, true) }))
  first.send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }), endOfRib)
  const told = () => [...looker.routes.keys()].sort()
  return { rack, node, looker, first, told }
}

describe('a peer that restarts', () => {
  test('keeps its routes while it is away, and nobody hears of it', () => {
    const { rack, node, looker, first, told } = stage()
    const before = looker.received.length
    first.close()
    rack.clock.advance(100_000 - 20_000)
    expect(told()).toEqual(['20.0.0.0/8', '21.0.0.0/8'])
    expect(looker.received.slice(before).filter((octets) => octets[18] === 2)).toEqual([])
    expect(node.best().get('20.0.0.0/8')).toMatchObject({ stale: true })
  })

  test('loses after End-of-RIB what it does not tell again', () => {
    const { rack, node, first, told } = stage()
    first.close()
    rack.settle(5)
    const second = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities: capabilities(true, true) }))
    second.send(update({ nlri: ['20.0.0.0/8'] }))
    expect(told()).toEqual(['20.0.0.0/8', '21.0.0.0/8'])
    second.send(endOfRib)
    rack.clock.runUntilIdle()
    expect(told()).toEqual(['20.0.0.0/8'])
    expect(node.best().get('20.0.0.0/8')).toMatchObject({ stale: false })
  })

  test('loses everything when it does not come back in time', () => {
    const { rack, first, told } = stage()
    first.close()
    rack.settle(125)
    expect(told()).toEqual([])
  })

  test('loses at once what it did not keep forwarding', () => {
    const { rack, first, told } = stage()
    first.close()
    rack.settle(5)
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities: capabilities(true, false) }))
    rack.clock.runUntilIdle()
    expect(told()).toEqual([])
  })

  test('loses everything when it says goodbye', () => {
    const { rack, first, told } = stage()
    first.send(message(3, 6, 2))
    rack.clock.runUntilIdle()
    expect(told()).toEqual([])
  })

  test('is believed when it connects again before the old connection is known to be dead', () => {
    const { rack, node, first, told } = stage()
    const second = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities: capabilities(true, true) }))
    rack.clock.runUntilIdle()
    expect(first.notification).toBeUndefined()
    expect(node.peer('10.0.0.2').state).toBe('Established')
    second.send(update({ nlri: ['21.0.0.0/8'] }), endOfRib)
    rack.clock.runUntilIdle()
    expect(told()).toEqual(['21.0.0.0/8'])
  })
})

describe('a speaker that restarts itself', () => {
  test('says so, and holds its End-of-RIB back until its peers have sent theirs', () => {
    const rack = new Rack()
    const config = {
      gracefulRestart: { restartSeconds: 120 },
      peers: [peer('10.0.0.2', { passive: true, originationSet: 'own' })],
      originationSets: own('10.1.0.0/24'),
    }
    const { speaker } = rack.speaker('10.0.0.1', config, { restarting: true })
    const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities: capabilities(false, true) }))
    const sent = Buffer.from(raw.received[0]!).toString('hex')
    // Restart state and N bit (RFC 8538) set, 120 s, IPv4 and IPv6 with forwarding kept.
    expect(sent).toContain('400ac078' + '00010180' + '00020180')
    const ribs = () => raw.received.filter((octets) => octets[18] === 2 && octets.length === 23).length
    expect([[...raw.routes.keys()], ribs(), speaker.converged]).toEqual([['10.1.0.0/24'], 0, false])
    raw.send(endOfRib)
    expect([ribs(), speaker.converged]).toEqual([1, true])
  })

  test('does not wait for ever', () => {
    const rack = new Rack()
    const { speaker } = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2')] }, { restarting: true })
    rack.settle(59)
    expect(speaker.converged).toBe(false)
    rack.settle(2)
    expect(speaker.converged).toBe(true)
  })

  test('goes without a NOTIFICATION when it means to come back, with one when not', async () => {
    for (const graceful of [true, false]) {
      const rack = new Rack()
      const { speaker } = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2', { passive: true })] })
      const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
      const stopped = speaker.stop(graceful ? { graceful } : { graceful, message: 'maintenance' })
      rack.settle(1)
      await stopped
      expect(raw.closed).toBe(true)
      const said = raw.notification && Buffer.from(raw.notification.data, 'hex').subarray(1).toString()
      expect(said).toBe(graceful ? undefined : 'maintenance')
    }
  })
})
