import { describe, expect, test } from 'vitest'
import type { BestRoute, Policy } from '../../bgp/contract.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import { open, RawPeer, u32, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** AS 65002 and AS 65003 are external to AS 65000; 10.0.0.4 is internal. */
const GRACEFUL_SHUTDOWN = 0xffff0000
const BLACKHOLE = 0xffff029a
const NO_EXPORT = 0xffffff01

const named: Policy['rules'][number] = {
  name: 'victims',
  match: { prefixes: [{ prefix: prefix('20.0.0.0/8'), minLength: 32, maxLength: 32 }] },
  set: {},
  action: 'accept',
}

function stage(rules: Policy['rules'] = []) {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    policies: [
      { name: 'in', rules, defaultAction: 'accept' },
      { name: 'all', rules: [], defaultAction: 'accept' },
    ],
    peers: [2, 3, 4].map((n) => {
      const external = { remoteAsn: 65000 + n, importPolicies: ['in'], exportPolicies: ['all'] }
      return peer(`10.0.0.${n}`, { passive: true, ...(n === 4 ? {} : external) })
    }),
  })
  const { feed } = node.speaker
  const join = (n: number) => {
    const asn = n === 4 ? 65000 : 65000 + n
    const capabilities = [1, 4, 0, 1, 0, 1, 65, 4, ...u32(asn)]
    return new RawPeer(rack, `10.0.0.${n}`).establish(
      '10.0.0.1',
      open({ asn, identifier: [10, 0, 0, n], capabilities }),
    )
  }
  const fed = () => {
    const routes: BestRoute[] = []
    feed.drain(1000, (route) => routes.push(route))
    return routes
  }
  return { node, fed, two: join(2), three: join(3), four: join(4) }
}

describe('GRACEFUL_SHUTDOWN (RFC 8326)', () => {
  const leaving = update({ nlri: ['20.0.0.0/8'], asPath: [65002], communities: [GRACEFUL_SHUTDOWN] })

  test('of an external peer makes the route the last choice, here and for those we tell', () => {
    const { node, two, three, four } = stage()
    two.send(leaving)
    expect(node.best().get('20.0.0.0/8')).toMatchObject({
      from: '10.0.0.2',
      localPref: 0,
      communities: ['graceful-shutdown'],
      effect: 'GRACEFUL_SHUTDOWN: local preference 0 (RFC 8326)',
    })
    expect(four.routes.get('20.0.0.0/8')?.get(5)).toBe('00000000')
    three.send(update({ nlri: ['20.0.0.0/8'], asPath: [65003, 1, 2, 3, 4, 5, 6] }))
    expect(node.best().get('20.0.0.0/8')).toMatchObject({ from: '10.0.0.3', decidedBy: 'local-preference' })
  })

  test('is stronger than a policy that sets a preference, unless it removes the community', () => {
    const set = { localPref: 200 }
    const strong = stage([{ name: 'pref', match: {}, set, action: 'accept' }])
    strong.two.send(leaving)
    expect(strong.node.best().get('20.0.0.0/8')).toMatchObject({ localPref: 0 })
    const removeCommunities = ['graceful-shutdown']
    const deaf = stage([{ name: 'pref', match: {}, set: { ...set, removeCommunities }, action: 'accept' }])
    deaf.two.send(leaving)
    expect(deaf.node.best().get('20.0.0.0/8')).toMatchObject({ localPref: 200, communities: [] })
  })

  test('of an internal peer has been acted on where it came in', () => {
    const { node, four } = stage()
    four.send(update({ nlri: ['20.0.0.0/8'], localPref: 50, communities: [GRACEFUL_SHUTDOWN] }))
    expect(node.best().get('20.0.0.0/8')).toMatchObject({ localPref: 50 })
    expect(node.best().get('20.0.0.0/8')?.effect).toBeUndefined()
  })
})

describe('BLACKHOLE (RFC 7999)', () => {
  const victim = update({ nlri: ['20.0.0.1/32'], asPath: [65002], communities: [BLACKHOLE] })

  test('is obeyed where a rule names the prefix, and stays inside', () => {
    const { node, fed, two, three, four } = stage([named])
    two.send(victim)
    expect(fed()).toMatchObject([{ discard: true, namedByPolicy: true }])
    expect(node.best().get('20.0.0.1/32')).toMatchObject({
      communities: ['blackhole', 'no-export'],
      effect: 'BLACKHOLE: traffic is discarded (RFC 7999)',
    })
    expect(three.routes.size).toBe(0)
    expect(four.routes.get('20.0.0.1/32')?.get(8)).toBe('ffff029affffff01')
  })

  test('is not obeyed where everything is accepted: the route is an ordinary one that stays inside', () => {
    const { node, fed, two, three } = stage()
    two.send(victim)
    expect(fed()[0]).not.toHaveProperty('discard')
    expect(node.best().get('20.0.0.1/32')?.effect).toContain('no import rule names the prefix')
    expect(three.routes.size).toBe(0)
  })

  test('adds nothing to a scope that is there', () => {
    const { node, two } = stage([named])
    two.send(update({ nlri: ['20.0.0.1/32'], asPath: [65002], communities: [NO_EXPORT, BLACKHOLE] }))
    expect(node.best().get('20.0.0.1/32')).toMatchObject({ communities: ['no-export', 'blackhole'] })
  })

  test('means nothing on a prefix that the rule does not name', () => {
    const { fed, two } = stage([named])
    two.send(update({ nlri: ['20.0.0.0/8'], asPath: [65002], communities: [BLACKHOLE] }))
    expect(fed()[0]).not.toHaveProperty('discard')
  })
})
