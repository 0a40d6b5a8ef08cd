import { expect, test } from 'vitest'
import { keepalive, message, open, RawPeer, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** Collisions with peers that go their own way (RFC 4271, section 6.8): 10.0.0.1 dials and is dialed by 10.0.0.2. */
function stage() {
  const rack = new Rack()
  const accepted: RawPeer[] = []
  rack.host('10.0.0.2').listener.listen({ port: 179 }, (connection) => {
    const raw = new RawPeer(rack, '10.0.0.2')
    raw.attach(connection)
    accepted.push(raw)
  })
  const node = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2')] })
  // The one that the peer opens survives when its identifier is the higher one.
  const theirs = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1')
  rack.clock.advance(1)
  return { rack, node, theirs, ours: accepted[0]!, accepted, status: () => node.peer('10.0.0.2') }
}

test('a bad OPEN on the connection that would survive does not cost the good one', () => {
  const { theirs, ours, status, rack } = stage()
  ours.send(open())
  theirs.send(open({ asn: 65099 }))
  expect(theirs.notification).toMatchObject({ code: 2, subcode: 2 })
  rack.settle(3)
  ours.send(keepalive)
  expect(ours.notification).toBeUndefined()
  expect(status()).toMatchObject({ state: 'Established', timesEstablished: 1 })
})

test('the OPEN on the one that is to go is not confirmed while the other one may still come', () => {
  const { theirs, ours, status } = stage()
  ours.send(open(), keepalive)
  expect(ours.types()).toEqual([1])
  theirs.send(open(), keepalive)
  expect(ours.notification).toMatchObject({ code: 6, subcode: 7 })
  expect(status()).toMatchObject({ state: 'Established', timesEstablished: 1, notifications: [] })
})

test('what waited goes on when the other one is lost, or says nothing for two seconds', () => {
  for (const [lose, seconds] of [
    [true, 0],
    [false, 3],
  ] as const) {
    const { theirs, ours, status, rack } = stage()
    ours.send(open(), keepalive)
    if (lose) theirs.close()
    rack.settle(seconds)
    expect(ours.types().slice(0, 2)).toEqual([1, 4])
    if (!lose) expect(theirs.notification).toMatchObject({ code: 6, subcode: 7 })
    expect(status()).toMatchObject({ state: 'Established', timesEstablished: 1 })
  }
})

test('one that was overtaken waits for what the peer makes of it, and goes when the session stays', () => {
  const { theirs, ours, status, rack } = stage()
  ours.send(open())
  rack.settle(3)
  // They did not wait: their second connection is still open when the first comes up.
  const again = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1')
  ours.send(keepalive)
  expect(status().state).toBe('Established')
  again.send(open())
  expect(again.closed).toBe(false)
  rack.settle(3)
  expect(again.notification).toMatchObject({ code: 6, subcode: 7 })
  expect(ours.closed).toBe(false)
  expect([status().timesEstablished, theirs.closed]).toEqual([1, true])
})

test('one that was overtaken takes over when the peer gives the session up for it', () => {
  const { ours, status, rack, node } = stage()
  ours.send(open())
  rack.settle(3)
  const again = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1')
  ours.send(keepalive, update({ nlri: ['20.0.0.0/8'] }))
  expect(node.prefixes()).toEqual(['20.0.0.0/8'])
  again.send(open(), keepalive)
  ours.send(message(3, 6, 7))
  expect(again.types().slice(0, 2)).toEqual([1, 4])
  expect(status()).toMatchObject({ state: 'Established', timesEstablished: 2 })
  // That was another session: its routes went with it.
  expect(node.prefixes()).toEqual([])
})

test('what comes while an OPEN waits is bounded, and judged in its turn', () => {
  const { theirs, ours, rack } = stage()
  ours.send(open(), ...Array.from({ length: 1000 }, () => keepalive), open())
  theirs.close()
  rack.clock.runUntilIdle()
  expect(ours.notification).toBeUndefined()
  const other = stage()
  other.ours.send(open(), open())
  other.theirs.close()
  expect(other.ours.notification).toMatchObject({ code: 5, subcode: 2 })
})
