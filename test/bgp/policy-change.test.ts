import { describe, expect, test } from 'vitest'
import type { Policy } from '../../bgp/contract.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import { open, RawPeer, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

const policy = (rules: Policy['rules'], defaultAction: Policy['defaultAction'] = 'accept'): Policy[] => [
  { name: 'p', rules, defaultAction },
]
const rejecting = (text: string) => ({
  name: 'r',
  match: { prefixes: [{ prefix: prefix(text), minLength: 8, maxLength: 32 }] },
  set: {},
  action: 'reject' as const,
})

/** 10.0.0.2 tells 20/8, 21/8, 22/8; 10.0.0.3 listens; policy `p` is on import of the one, or on export to the other. */
function stage(where: 'import' | 'export') {
  const rack = new Rack()
  const peers = [
    peer('10.0.0.2', {
      passive: true,
      routeReflectorClient: true,
      ...(where === 'import' ? { importPolicies: ['p'] } : {}),
    }),
    peer('10.0.0.3', { passive: true, ...(where === 'export' ? { exportPolicies: ['p'] } : {}) }),
  ]
  const node = rack.speaker('10.0.0.1', { policies: policy([]), peers })
  const receiver = new RawPeer(rack, '10.0.0.3').establish('10.0.0.1', open({ identifier: [10, 0, 0, 3] }))
  const source = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
  source.send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8', '22.0.0.0/8'] }))
  const apply = (policies: Policy[]) => {
    node.apply({ policies })
    rack.clock.runUntilIdle()
    return [...receiver.routes.keys()].sort()
  }
  const updates = () => receiver.types().filter((type) => type === 2).length
  return { rack, node, receiver, source, apply, updates }
}

describe.each(['import', 'export'] as const)('a policy on %s that changes', (where) => {
  test('withdraws what it refuses and tells what it lets pass again, without touching a session', () => {
    const { node, receiver, source, apply } = stage(where)
    expect(apply(policy([rejecting('21.0.0.0/8')]))).toEqual(['20.0.0.0/8', '22.0.0.0/8'])
    expect(apply(policy([rejecting('20.0.0.0/8')]))).toEqual(['21.0.0.0/8', '22.0.0.0/8'])
    expect(apply(policy([], 'reject'))).toEqual([])
    expect(apply(policy([]))).toEqual(['20.0.0.0/8', '21.0.0.0/8', '22.0.0.0/8'])
    expect(source.closed || receiver.closed).toBe(false)
    for (const at of ['10.0.0.2', '10.0.0.3']) expect(node.peer(at).timesEstablished).toBe(1)
  })

  test('changes attributes of what was told', () => {
    const { receiver, apply } = stage(where)
    apply(policy([{ name: 'r', match: {}, set: { med: 7, addCommunities: ['65000:5'] }, action: 'accept' }]))
    expect(Object.fromEntries(receiver.routes.get('20.0.0.0/8')!)).toMatchObject({ 4: '00000007', 8: 'fde80005' })
    apply(policy([]))
    expect(receiver.routes.get('20.0.0.0/8')!.has(8)).toBe(false)
  })

  test('sends nothing when it is the same', () => {
    const { apply, updates } = stage(where)
    const before = updates()
    apply(policy([]))
    expect(updates()).toBe(before)
  })

  test('applies to what comes afterwards', () => {
    const { apply, source, receiver } = stage(where)
    apply(policy([rejecting('23.0.0.0/8')]))
    source.send(update({ nlri: ['23.0.0.0/8', '24.0.0.0/8'] }))
    expect([...receiver.routes.keys()].sort()).toEqual(['20.0.0.0/8', '21.0.0.0/8', '22.0.0.0/8', '24.0.0.0/8'])
  })
})
