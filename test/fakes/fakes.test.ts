import { describe, expect, test } from 'vitest'
import type { Connection } from '../../bgp/ports.ts'
import { address } from '../../routing/ip/address.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import { transportContract } from '../contracts/transport.ts'
import { FakeClock } from './clock.ts'
import { FakeNetwork } from './transport.ts'

describe('the fake clock', () => {
  test('fires timers in the order of their time, then of their making', () => {
    const clock = new FakeClock()
    const fired: string[] = []
    clock.after(20, () => fired.push('b'))
    clock.after(10, () => fired.push('a'))
    clock.after(20, () => fired.push(`c at ${clock.now()}`))
    clock.after(5, () => fired.push('never'))()
    clock.advance(30)
    expect(fired).toEqual(['a', 'b', 'c at 20'])
    expect(clock.now()).toBe(30)
    expect(clock.pending).toBe(0)
  })

  test('soon runs without time moving, timers made on the way in their turn', () => {
    const clock = new FakeClock()
    const fired: string[] = []
    clock.soon(() => {
      fired.push('soon')
      clock.soon(() => fired.push('sooner or later'))
      clock.after(0, () => fired.push('due'))
      clock.after(1, () => fired.push('not yet'))
    })
    clock.runUntilIdle()
    expect(fired).toEqual(['soon', 'sooner or later', 'due'])
    expect(clock.now()).toBe(0)
  })

  test('runUntil moves from timer to timer and gives up at the deadline', () => {
    const clock = new FakeClock()
    let ticks = 0
    const tick = (): void => {
      ticks++
      clock.after(100, tick)
    }
    tick()
    clock.runUntil(() => ticks === 5)
    expect(clock.now()).toBe(400)
    expect(() => clock.runUntil(() => false, 1_000)).toThrow('not met within 1000 ms')
  })
})

for (const chunkOctets of [65_536, 1_000]) {
  transportContract(`fake, chunks of ${chunkOctets}`, () => {
    const clock = new FakeClock()
    const network = new FakeNetwork(clock)
    network.chunkOctets = chunkOctets
    return {
      listener: network.host('10.0.0.1').listener,
      dialer: network.host('10.0.0.2').dialer,
      serverAddress: address('10.0.0.1'),
      clientAddress: address('10.0.0.2'),
      until: async (_what, condition) => clock.runUntil(condition),
      idle: async () => clock.runUntilIdle(),
    }
  })
}

describe('the fake network', () => {
  function setUp() {
    const clock = new FakeClock()
    const network = new FakeNetwork(clock)
    const a = network.host('10.0.0.1', 'fe80::1%eth0')
    const b = network.host('10.0.0.2', 'fe80::2%eth7')
    const accepted: Connection[] = []
    const outcomes: unknown[] = []
    const listening = a.listener.listen({ port: 179 }, (connection) => accepted.push(connection))
    const dial = (remote: string, more: { password?: string; interfaceName?: string; ttl?: number } = {}) =>
      b.dialer.dial(
        { remoteAddress: address(remote), port: 179, ...more },
        { connected: (c) => outcomes.push(c), failed: (e) => outcomes.push((e as Error & { code: string }).code) },
      )
    return { clock, network, accepted, outcomes, listening, dial }
  }

  test('the wrong password is silence until the dial times out', () => {
    const { clock, outcomes, listening, dial } = setUp()
    listening.setPassword(prefix('10.0.0.0/24'), 'secret')
    dial('10.0.0.1', { password: 'wrong' })
    clock.advance(9_999)
    expect(outcomes).toEqual([])
    clock.advance(1)
    expect(outcomes).toEqual(['ETIMEDOUT'])
    dial('10.0.0.1', { password: 'secret' })
    clock.runUntilIdle()
    expect(outcomes).toHaveLength(2)
  })

  test('a cut is silence, mending lets the queue through', () => {
    const { clock, network, accepted, outcomes, dial } = setUp()
    dial('10.0.0.1')
    clock.runUntilIdle()
    const chunks: number[] = []
    accepted[0]!.attach({ data: (chunk) => chunks.push(chunk.length), drain() {}, closed() {} })
    network.cut('10.0.0.1', '10.0.0.2')
    ;(outcomes[0] as Connection).write(new Uint8Array(5))
    clock.advance(60_000)
    expect(chunks).toEqual([])
    network.mend('10.0.0.1', '10.0.0.2')
    clock.runUntilIdle()
    expect(chunks).toEqual([5])
  })

  test('link-local connections know their link at both ends', () => {
    const { clock, accepted, outcomes, dial } = setUp()
    dial('fe80::1', { interfaceName: 'eth7' })
    clock.runUntilIdle()
    expect((outcomes[0] as Connection).interfaceName).toBe('eth7')
    expect(accepted[0]!.interfaceName).toBe('eth0')
  })

  test('octets with too small a TTL are dropped without a word', () => {
    const { clock, accepted, outcomes, dial } = setUp()
    dial('10.0.0.1', { ttl: 64 })
    clock.runUntilIdle()
    let heard = 0
    accepted[0]!.configure({ minimumTtl: 255 })
    accepted[0]!.attach({ data: () => void heard++, drain() {}, closed() {} })
    ;(outcomes[0] as Connection).write(new Uint8Array(5))
    clock.advance(10_000)
    expect(heard).toBe(0)
  })
})
