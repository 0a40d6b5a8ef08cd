import { describe, expect, test } from 'vitest'
import type { ListenRangeConfig, PeerConfig } from '../../bgp/contract.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import { keepalive, message, open, RawPeer, u32, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** How peers come, are changed and go, in unlucky moments. */
const restartable = open({ capabilities: [1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000), 64, 6, 0, 120, 0, 1, 1, 0x80] })
const shutdown = message(3, 6, 2)

function range(changes: Partial<ListenRangeConfig> = {}): ListenRangeConfig {
  const { name: _, remoteAddress: __, port: ___, passive: ____, ...options } = peer('10.0.0.2')
  return { ...options, name: 'nodes', range: prefix('10.0.0.0/24'), limit: 1, ...changes }
}

function ranged(changes: Partial<ListenRangeConfig> = {}) {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    gracefulRestart: { restartSeconds: 120 },
    listenRanges: [range(changes)],
  })
  const states = () => node.speaker.peers().map(({ name, state }) => `${name} ${state}`)
  return { rack, node, states }
}

function staticPeer(changes: Partial<PeerConfig> = {}) {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2', changes)] })
  return { rack, node }
}

describe('a peer of a listen range', () => {
  test('that connects again before its first connection is through is one peer, and a known one', () => {
    const { rack, states } = ranged()
    const first = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').send(open())
    const second = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
    expect(first.closed).toBe(true)
    expect(second.closed).toBe(false)
    expect(states()).toEqual(['nodes/10.0.0.2 Established'])
    expect(new RawPeer(rack, '10.0.0.3').dial('10.0.0.1').closed).toBe(true)
  })

  test('that went through a restart is forgotten all the same when it goes for good', () => {
    const { rack, states } = ranged()
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', restartable).close()
    rack.settle(5)
    const again = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', restartable)
    expect(states()).toEqual(['nodes/10.0.0.2 Established'])
    again.send(shutdown)
    rack.settle(1000)
    expect(states()).toEqual([])
    expect(rack.clock.pending).toBe(0)
  })

  test('that does not come back from a restart is forgotten', () => {
    const { rack, node, states } = ranged()
    const one = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', restartable)
    one.send(update({ nlri: ['20.0.0.0/8'] }))
    one.close()
    rack.settle(119)
    // The time ends in the middle of the handshake.
    const late = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').send(restartable)
    rack.settle(2)
    expect(node.prefixes()).toEqual([])
    late.send(keepalive, update({ nlri: ['21.0.0.0/8'] }))
    expect(states()).toEqual(['nodes/10.0.0.2 Established'])
    rack.settle(20)
    expect(node.prefixes()).toEqual(['21.0.0.0/8'])
    late.send(shutdown)
    expect(states()).toEqual([])
  })

  test('stays out for as long as it is told to for too many prefixes', () => {
    const limits = { ipv4: 1, warnPercent: 80, action: 'restart', restartSeconds: 60 } as const
    const { rack, states } = ranged({ maxPrefixes: limits })
    const one = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
    one.send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }))
    expect(one.notification).toMatchObject({ code: 6, subcode: 1 })
    expect(new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').closed).toBe(true)
    rack.settle(61)
    expect(states()).toEqual([])
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
    expect(states()).toEqual(['nodes/10.0.0.2 Established'])
  })

  test('that is shut out until somebody looks comes in again with new limits', () => {
    const limits = { ipv4: 1, warnPercent: 80, action: 'shutdown', restartSeconds: 60 } as const
    const { rack, node, states } = ranged({ maxPrefixes: limits })
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open()).send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }))
    rack.settle(1000)
    expect(new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').closed).toBe(true)
    node.apply({ listenRanges: [range({ maxPrefixes: { ...limits, ipv4: 2 } })] })
    expect(states()).toEqual([])
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
    expect(states()).toEqual(['nodes/10.0.0.2 Established'])
  })

  test.each([
    ['the range moves', { listenRanges: [range({ range: prefix('10.0.1.0/24') })] }],
    ['the range is gone', { listenRanges: [] }],
  ])('goes when %s', (_, changes) => {
    const { rack, node, states } = ranged()
    const one = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
    node.apply(changes)
    rack.clock.runUntilIdle()
    expect(one.notification).toMatchObject({ code: 6, subcode: 3 })
    expect(states()).toEqual([])
  })

  test('gives way to a peer that is configured for its address', () => {
    const { rack, node, states } = ranged()
    const one = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
    node.apply({ peers: [peer('10.0.0.2', { passive: true })] })
    rack.clock.runUntilIdle()
    expect(one.notification).toMatchObject({ code: 6, subcode: 3 })
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
    expect(states()).toEqual(['10.0.0.2 Established'])
  })
})

describe('a configured peer', () => {
  test('that refuses is not tried sooner because something else is configured', () => {
    const { rack, node } = staticPeer()
    const accepted: RawPeer[] = []
    rack.host('10.0.0.2').listener.listen({ port: 179 }, (connection) => {
      const raw = new RawPeer(rack, '10.0.0.2')
      raw.attach(connection)
      accepted.push(raw)
    })
    rack.clock.runUntil(() => accepted.length === 1)
    accepted[0]!.send(message(3, 6, 5))
    for (let i = 0; i < 20; i++) {
      node.apply({ originationSets: [] })
      rack.clock.advance(10)
    }
    expect(accepted.length).toBe(1)
    expect(node.peer('10.0.0.2').idleReason).toBe('waiting after a failure')
    rack.settle(2)
    expect(accepted.length).toBe(2)
  })

  test('that was held for too many prefixes leaves no timer behind when it is removed', () => {
    const limits = { ipv4: 1, warnPercent: 80, action: 'restart', restartSeconds: 600 } as const
    const { rack, node } = staticPeer({ passive: true, maxPrefixes: limits })
    rack.settle(100)
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open()).send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }))
    node.apply({ peers: [] })
    rack.clock.runUntilIdle()
    expect(rack.clock.pending).toBe(0)
  })

  test('that is over a new limit is held for as long as that says, whatever an earlier one said', () => {
    const limits = { ipv4: 1, warnPercent: 80, action: 'restart', restartSeconds: 60 } as const
    const { rack, node } = staticPeer({ passive: true, maxPrefixes: limits })
    const tooMany = update({ nlri: ['20.0.0.0/8', '21.0.0.0/8', '22.0.0.0/8'] })
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open()).send(tooMany)
    node.apply({
      peers: [peer('10.0.0.2', { passive: true, maxPrefixes: { ...limits, ipv4: 2, action: 'shutdown' } })],
    })
    new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open()).send(tooMany)
    rack.settle(100)
    expect(new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').closed).toBe(true)
  })

  test.each(['shutdown', 'heldDown'] as const)('can be put to %s and back at any time', (how) => {
    const { rack, node } = staticPeer()
    const down = how === 'shutdown' ? { shutdown: { message: 'x' } } : { heldDown: 'no Secret' }
    const raw = new RawPeer(rack, '10.0.0.2')
    rack.host('10.0.0.2').listener.listen({ port: 179 }, (connection) => raw.attach(connection))
    // Before, during and after the connection, the OPENs and the KEEPALIVEs.
    const steps = [() => {}, () => rack.clock.runUntilIdle(), () => raw.send(open()), () => raw.send(keepalive)]
    for (const [count] of steps.entries()) {
      node.apply({ peers: [peer('10.0.0.2')] })
      rack.settle(3)
      for (const step of steps.slice(0, count + 1)) step()
      node.apply({ peers: [peer('10.0.0.2', down)] })
      rack.clock.runUntilIdle()
      expect(node.peer('10.0.0.2')).toMatchObject({ state: 'Idle', families: [] })
      expect(new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').closed).toBe(true)
    }
    rack.settle(100)
    expect(rack.clock.pending).toBe(0)
  })

  test('removed in any state leaves nothing behind', () => {
    for (let steps = 0; steps < 4; steps++) {
      const { rack, node } = staticPeer({ passive: true })
      rack.settle(100)
      const raw = new RawPeer(rack, '10.0.0.2')
      if (steps > 0) raw.dial('10.0.0.1')
      if (steps > 1) raw.send(open())
      if (steps > 2) raw.send(keepalive, update({ nlri: ['20.0.0.0/8'] }))
      node.apply({ peers: [] })
      rack.clock.runUntilIdle()
      expect(rack.clock.pending, `after ${steps} steps`).toBe(0)
      expect(node.prefixes()).toEqual([])
      if (steps > 0) expect(raw.notification).toMatchObject({ code: 6, subcode: 3 })
    }
  })

  test('that dies while its last sign of life waits to be read leaves no timer behind', () => {
    const { rack, node } = staticPeer({ passive: true })
    rack.settle(100)
    const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ holdSeconds: 3 }))
    rack.clock.advance(2999)
    raw.write(message(3, 6, 2))
    rack.network.latencyMs = 0
    rack.clock.advance(1)
    rack.clock.runUntilIdle()
    node.apply({ peers: [] })
    rack.clock.runUntilIdle()
    expect(rack.clock.pending).toBe(0)
  })
})

test('octets of a message that never ends keep no session alive', () => {
  const { rack } = staticPeer({ passive: true })
  const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ holdSeconds: 3 }))
  const endless = message(2, ...Array<number>(200).fill(0))
  for (let at = 0; at < 10; at++) {
    raw.send(endless.subarray(at, at + 1))
    rack.settle(1)
  }
  expect(raw.notification).toMatchObject({ code: 4 })
})

describe('a peer that takes nothing of what waits for it (RFC 9687)', () => {
  function stalled() {
    const { rack, node } = staticPeer({ passive: true })
    node.apply({
      peers: [peer('10.0.0.2', { passive: true }), peer('10.0.0.3', { passive: true, routeReflectorClient: true })],
    })
    const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ holdSeconds: 90 }))
    const source = new RawPeer(rack, '10.0.0.3').establish(
      '10.0.0.1',
      open({ identifier: [10, 0, 0, 3], holdSeconds: 0 }),
    )
    const stall = (how: boolean) => {
      for (const one of rack.network.connections) if (one.localAddress === '10.0.0.2') one.stall(how)
    }
    /** It goes on to send keepalives, and is told something now and then. */
    const live = (seconds: number) => {
      for (let i = 0; i < seconds / 30; i++) {
        raw.write(keepalive)
        source.send(update({ nlri: ['20.0.0.0/8'], med: i + 1 }))
        rack.settle(30)
      }
    }
    return { node, raw, stall, live }
  }

  test('is given up after eight minutes, though it sends keepalives', () => {
    const { node, stall, live } = stalled()
    stall(true)
    live(420)
    expect(node.peer('10.0.0.2').state).toBe('Established')
    live(150)
    expect(node.peer('10.0.0.2')).toMatchObject({ state: 'Active', lastError: { direction: 'transport' } })
    expect(node.peer('10.0.0.2').lastError?.text).toMatch('Send Hold Timer Expired (RFC 9687)')
  })

  test('is left alone when it takes something in between', () => {
    const { node, stall, live } = stalled()
    for (let i = 0; i < 4; i++) {
      stall(true)
      live(300)
      stall(false)
      live(30)
    }
    expect(node.peer('10.0.0.2')).toMatchObject({ state: 'Established', timesEstablished: 1 })
  })
})

test('nothing happens any more after stop, whatever comes in', async () => {
  const { rack, node } = staticPeer({ passive: true })
  const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
  raw.write(update({ nlri: ['20.0.0.0/8'] }))
  const stopped = node.speaker.stop({ graceful: false, message: 'bye' })
  raw.write(update({ nlri: ['21.0.0.0/8'] }), keepalive, message(9))
  rack.settle(1)
  await stopped
  rack.settle(1000)
  expect(raw.notification).toMatchObject({ code: 6, subcode: 2 })
  expect(node.peer('10.0.0.2').state).toBe('Idle')
  expect(node.prefixes()).toEqual([])
  expect(rack.clock.pending).toBe(0)
})
