import { describe, expect, test } from 'vitest'
import { message, open, RawPeer, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

test('an attempt that is given up is no NOTIFICATION, and no error', () => {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2')] })
  rack.settle(1)
  expect(['Connect', 'Active']).toContain(node.peer('10.0.0.2').state)
  node.apply({ peers: [peer('10.0.0.2', { shutdown: { message: '' } })] })
  const status = node.peer('10.0.0.2')
  expect(status).toMatchObject({ state: 'Idle', notifications: [], messages: { sent: 0 } })
  expect(status.lastError).toBeUndefined()
})

describe('attempts to connect that come to nothing', () => {
  const ours = { timers: { holdSeconds: 90, keepaliveSeconds: 30, connectRetrySeconds: 1 } }
  const stage = () => {
    const rack = new Rack()
    const node = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2', ours)] })
    return { rack, status: () => node.peer('10.0.0.2') }
  }

  test('say why, and no longer once there is a session', () => {
    const { rack, status } = stage()
    rack.host('10.0.0.2')
    rack.settle(1)
    expect(status()).toMatchObject({
      lastAttempt: { direction: 'transport', text: expect.stringMatching(/nothing listens/) },
    })
    rack.network.cut('10.0.0.1', '10.0.0.2')
    rack.settle(12)
    expect(status().lastAttempt?.text).toContain('timed out')
    rack.network.mend('10.0.0.1', '10.0.0.2')
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
    expect(status().state).toBe('Established')
    expect(status()).not.toHaveProperty('lastAttempt')
    expect(status()).not.toHaveProperty('lastError')
  })

  test('do not hide why the last session ended', () => {
    const { rack, status } = stage()
    const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
    raw.send(message(3, 6, 1))
    raw.close()
    rack.settle(5)
    const theEnd = { direction: 'received', code: 6, subcode: 1 }
    expect(status()).toMatchObject({
      lastError: theEnd,
      lastAttempt: { text: expect.stringMatching(/nothing listens/) },
    })
    // One that gets as far as a connection is an attempt too.
    new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').close()
    expect(status()).toMatchObject({ lastError: theEnd, lastAttempt: { text: expect.stringMatching(/RESET|closed/) } })
  })
})

test('a speaker that has stopped dials no more, though a halted peer was to start again', () => {
  const rack = new Rack()
  const maxPrefixes = { ipv4: 1, warnPercent: 100, action: 'restart', restartSeconds: 10 } as const
  const { speaker } = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2', { maxPrefixes })] })
  const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
  raw.send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }))
  expect(raw.notification).toMatchObject({ code: 6, subcode: 1 })
  const before = rack.host('10.0.0.1').dialed.length
  void speaker.stop({ graceful: true })
  rack.settle(30)
  expect(rack.host('10.0.0.1').dialed).toHaveLength(before)
})

test('malformed UPDATEs are logged five times a minute, the rest is counted', () => {
  const lines: { message: string; suppressed: number | undefined }[] = []
  const rack = new Rack({ warn: (fields, message) => lines.push({ message, ...(fields as { suppressed: number }) }) })
  rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2', { passive: true })] })
  const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ holdSeconds: 0 }))
  for (let i = 0; i < 100; i++) raw.send(update({ nlri: ['20.0.0.0/8'], origin: 9 }))
  const malformed = () => lines.filter(({ message }) => message.includes('malformed'))
  expect(malformed()).toHaveLength(5)
  rack.settle(61)
  expect(malformed().map(({ suppressed }) => suppressed)).toEqual([...Array(5).fill(undefined), 95])
  raw.send(update({ nlri: ['20.0.0.0/8'], origin: 9 }))
  expect(malformed()).toHaveLength(7)
})
