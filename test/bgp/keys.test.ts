import { expect, test } from 'vitest'
import { peer, Rack } from './speakers.ts'

/** TCP MD5 keys (RFC 2385) that change while sessions run. */
function stage(passive: boolean) {
  const rack = new Rack()
  const [near, far] = [rack.speaker('10.0.0.1'), rack.speaker('10.0.0.2')]
  const key = (node: typeof near, password: string | undefined) =>
    node.apply({
      peers: [
        peer(node === near ? '10.0.0.2' : '10.0.0.1', {
          passive: node === far && passive,
          timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 5 },
          ...(password !== undefined && { password }),
        }),
      ],
    })
  const states = () =>
    [near.peer('10.0.0.2'), far.peer('10.0.0.1')].map(({ state, timesEstablished }) => [state, timesEstablished])
  return { rack, near, far, key, states }
}

test.each([true, false])(
  'a session does not notice that both ends change it within the hold time, one passive: %s',
  (passive) => {
    const { rack, near, far, key, states } = stage(passive)
    key(near, 'old')
    key(far, 'old')
    rack.settle(5)
    for (const [i, node] of [near, far, far, near].entries()) {
      key(node, i < 2 ? 'new' : 'newest')
      rack.settle(5)
    }
    rack.settle(20)
    expect(states()).toEqual([
      ['Established', 1],
      ['Established', 1],
    ])
  },
)

test('when the other end does not change it the hold time ends the session, and both find together again', () => {
  const { rack, near, far, key, states } = stage(false)
  key(near, 'old')
  key(far, 'old')
  rack.settle(5)
  key(near, 'new')
  rack.settle(15)
  expect(states().map(([state]) => state)).not.toContain('Established')
  key(far, 'new')
  rack.settle(3)
  expect(states()).toEqual([
    ['Established', 2],
    ['Established', 2],
  ])
})

test('an attempt with the wrong key is made anew with the right one at once', () => {
  const { rack, near, far, key, states } = stage(true)
  key(far, 'right')
  key(near, 'wrong')
  rack.settle(60)
  expect(states()[0]?.[0]).not.toBe('Established')
  key(near, 'right')
  rack.settle(1)
  expect(states()[0]).toEqual(['Established', 1])
})

test('a key where there was none, and none where there was one, is a new session', () => {
  const { rack, near, far, key, states } = stage(false)
  for (const password of [undefined, 'key', undefined]) {
    key(near, password)
    key(far, password)
    rack.settle(5)
  }
  expect(states()).toEqual([
    ['Established', 3],
    ['Established', 3],
  ])
})
