import { expect, test } from 'vitest'
import { keepalive, message, open, RawPeer, u32, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** Restarts in quick succession, and everything at once (RFC 4724, section 4.2). */
const families = { ipv4: [0, 1, 1], ipv6: [0, 2, 1] }
type Family = keyof typeof families

function opening(kept: readonly Family[], restartSeconds = 120): Uint8Array {
  const rows = kept.flatMap((family) => [...families[family], 0x80])
  return open({
    capabilities: [
      ...[1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 65, 4, ...u32(65000)],
      ...[64, 2 + rows.length, restartSeconds >> 8, restartSeconds & 0xff, ...rows],
    ],
  })
}

const endOfRib = message(2, 0, 0, 0, 0)
/** 2001:db8::/32 by way of 2001:db8::2. */
const ipv6Route = message(
  2,
  ...[0, 0, 0, 36, 0x40, 1, 1, 0, 0x40, 2, 0, 0x80, 14, 26, 0, 2, 1, 16],
  ...[0x20, 1, 0x0d, 0xb8, ...Array<number>(11).fill(0), 2, 0, 32, 0x20, 1, 0x0d, 0xb8],
)

function stage() {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    gracefulRestart: { restartSeconds: 120 },
    peers: [peer('10.0.0.2', { passive: true })],
  })
  const session = (octets: Uint8Array) => new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', octets)
  const stale = () =>
    [...node.best().values()].map(({ prefix, stale: isStale }) => `${prefix}${isStale ? ' stale' : ''}`).sort()
  return { rack, node, session, stale }
}

function joined(...messages: Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((octets) => [...octets]))
}

test('a peer that is lost again before it told anything loses what was stale already', () => {
  const { rack, session, stale } = stage()
  const first = session(opening(['ipv4']))
  first.send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }), endOfRib)
  first.close()
  expect(stale()).toEqual(['20.0.0.0/8 stale', '21.0.0.0/8 stale'])
  rack.settle(5)
  const second = session(opening(['ipv4']))
  second.send(update({ nlri: ['21.0.0.0/8'] }))
  second.close()
  expect(stale()).toEqual(['21.0.0.0/8 stale'])
})

test('a peer that goes on with a new connection and says all at once keeps what it said', () => {
  const { rack, session, stale } = stage()
  session(opening(['ipv4'])).send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }), endOfRib)
  rack.settle(5)
  new RawPeer(rack, '10.0.0.2')
    .dial('10.0.0.1')
    .send(joined(opening(['ipv4']), keepalive, update({ nlri: ['20.0.0.0/8'] }), endOfRib))
  expect(stale()).toEqual(['20.0.0.0/8'])
})

test('a peer that says End-of-RIB and is gone at once is one that restarts', () => {
  const { rack, session, stale } = stage()
  session(opening(['ipv4'])).send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }), endOfRib)
  rack.settle(5)
  rack.network.resetAll()
  rack.settle(5)
  const second = session(opening(['ipv4']))
  second.write(joined(update({ nlri: ['20.0.0.0/8'] }), endOfRib))
  second.end()
  expect(stale()).toEqual(['20.0.0.0/8 stale'])
})

test('a family that the peer restarts no more is not waited for', () => {
  const { rack, session, stale } = stage()
  const first = session(opening(['ipv4', 'ipv6']))
  first.send(update({ nlri: ['20.0.0.0/8'] }), ipv6Route)
  expect(stale()).toEqual(['20.0.0.0/8', '2001:db8::/32'])
  first.close()
  rack.settle(5)
  new RawPeer(rack, '10.0.0.2').establish(
    '10.0.0.1',
    open({ capabilities: [1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000), 64, 6, 0, 120, 0, 1, 1, 0x80] }),
  )
  expect(stale()).toEqual(['20.0.0.0/8 stale'])
})

test.each([{ shutdown: { message: 'x' } }, { heldDown: 'no Secret' }, { localAsn: 65001 }])(
  'nothing is kept of a peer that is changed while it restarts: %j',
  (changes) => {
    const { rack, node, session, stale } = stage()
    const first = session(opening(['ipv4']))
    first.send(update({ nlri: ['20.0.0.0/8'] }))
    first.close()
    rack.settle(5)
    expect(stale()).toEqual(['20.0.0.0/8 stale'])
    node.apply({ peers: [peer('10.0.0.2', { passive: true, ...changes })] })
    rack.clock.runUntilIdle()
    expect(stale()).toEqual([])
  },
)
