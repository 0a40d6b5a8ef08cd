import { expect, test } from 'vitest'
import { message, open, RawPeer, u32, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** With graceful restart a second connection may mean that the peer restarted, or nothing but a collision. */
const restartable = open({ capabilities: [1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000), 64, 6, 0, 120, 0, 1, 1, 0x80] })
const collision = message(3, 6, 7)

function stage() {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    gracefulRestart: { restartSeconds: 120 },
    peers: [peer('10.0.0.2', { passive: true })],
  })
  const first = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', restartable)
  first.send(update({ nlri: ['20.0.0.0/8'] }))
  const status = () => node.peer('10.0.0.2')
  return { rack, node, first, status }
}

test('a second connection that the peer gives up again leaves the session as it is', () => {
  const { rack, node, first, status } = stage()
  const second = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').send(restartable, collision)
  expect(second.closed).toBe(true)
  expect(first.closed).toBe(false)
  expect(status()).toMatchObject({ state: 'Established', timesEstablished: 1 })
  expect(node.best().get('20.0.0.0/8')).toMatchObject({ stale: false })
})

test('a second connection that the peer loses again leaves the session as it is', () => {
  const { rack, first, status } = stage()
  const second = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').send(restartable)
  second.close()
  expect(first.closed).toBe(false)
  expect(status()).toMatchObject({ state: 'Established', timesEstablished: 1 })
})

test('a second connection that the peer goes on with takes the place of the first, and its routes stay', () => {
  const { rack, node, first, status } = stage()
  const since = status().since
  rack.settle(5)
  new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', restartable)
  expect(first.closed).toBe(true)
  expect(first.notification).toBeUndefined()
  expect(status()).toMatchObject({ state: 'Established', timesEstablished: 2 })
  expect(status().since).toBeGreaterThan(since)
  expect(node.best().get('20.0.0.0/8')).toMatchObject({ stale: true })
})

test('a connection that says something wrong beside the session is counted, and the session stays', () => {
  const { rack, first, status } = stage()
  const garbage = Uint8Array.from(Buffer.from('HELLO'.repeat(9)))
  const second = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').send(garbage)
  expect(second.notification).toMatchObject({ code: 1, subcode: 1 })
  expect(first.closed).toBe(false)
  expect(status()).toMatchObject({
    state: 'Established',
    timesEstablished: 1,
    notifications: [{ direction: 'sent', code: 1, subcode: 1, count: 1 }],
  })
})

test('the reason why a session is up is its own, not that of the attempt it makes needless', () => {
  const rack = new Rack()
  const reasons: string[] = []
  rack.speaker(
    '10.0.0.1',
    { peers: [peer('10.0.0.2')] },
    {
      onEvent: (event) => {
        if (event.type === 'SessionChanged' && event.to === 'Established') reasons.push(event.because)
      },
    },
  )
  new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', restartable)
  expect(reasons).toEqual(['KEEPALIVE received'])
})

test('the first routes are waited for no longer than the last peer takes to come up, when none sends End-of-RIB', () => {
  const rack = new Rack()
  const { speaker } = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2', { passive: true })] })
  expect(speaker.converged).toBe(false)
  new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
  expect(speaker.converged).toBe(true)
})
