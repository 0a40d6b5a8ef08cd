import { describe, expect, test } from 'vitest'
import { own, peer, Rack } from './speakers.ts'

describe('two internal speakers', () => {
  test('establish one session though both dial, and exchange what they originate', () => {
    const rack = new Rack()
    const a = rack.speaker('10.0.0.1', {
      peers: [peer('10.0.0.2', { originationSet: 'own' })],
      originationSets: own('10.1.0.0/24'),
    })
    const b = rack.speaker('10.0.0.2', {
      peers: [peer('10.0.0.1', { originationSet: 'own' })],
      originationSets: own('10.2.0.0/24', '10.3.0.0/24'),
    })
    rack.settle()

    expect(a.peer('10.0.0.2').state).toBe('Established')
    expect(b.peer('10.0.0.1').state).toBe('Established')
    expect(a.prefixes()).toEqual(['10.1.0.0/24', '10.2.0.0/24', '10.3.0.0/24'])
    expect(b.best().get('10.1.0.0/24')).toMatchObject({
      nextHop: '10.0.0.1',
      localPref: 100,
      asPath: '',
      origin: 'igp',
      decidedBy: 'only-path',
    })
    expect([...rack.network.connections]).toHaveLength(2)
    expect(a.peer('10.0.0.2').families[0]).toMatchObject({
      family: 'ipv4-unicast',
      received: 2,
      accepted: 2,
      advertised: 1,
      endOfRibReceived: true,
    })
  })

  test('withdraw what is no longer originated, and everything when the session ends', () => {
    const rack = new Rack()
    const a = rack.speaker('10.0.0.1', {
      peers: [peer('10.0.0.2', { originationSet: 'own' })],
      originationSets: own('10.1.0.0/24', '10.4.0.0/24'),
    })
    const b = rack.speaker('10.0.0.2', { peers: [peer('10.0.0.1')] })
    rack.settle()
    expect(b.prefixes()).toEqual(['10.1.0.0/24', '10.4.0.0/24'])
    a.apply({ originationSets: own('10.4.0.0/24') })
    rack.settle(1)
    expect(b.prefixes()).toEqual(['10.4.0.0/24'])
    a.apply({ peers: [] })
    rack.clock.runUntilIdle()
    expect(b.prefixes()).toEqual([])
    expect(b.peer('10.0.0.1').lastError).toMatchObject({ direction: 'received', code: 6, subcode: 3 })
  })
})

describe('a reflector', () => {
  const client = (at: string) => peer(at, { routeReflectorClient: true })

  test('tells each client the routes of the others, with originator and cluster, and not its own', () => {
    const rack = new Rack()
    const rr = rack.speaker('10.0.0.9', {
      peers: ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(client),
      clusterId: '1.1.1.1' as never,
    })
    const nodes = [1, 2, 3].map((n) =>
      rack.speaker(`10.0.0.${n}`, {
        peers: [peer('10.0.0.9', { originationSet: 'own' })],
        originationSets: own(`10.${n}.0.0/24`),
      }),
    )
    rack.settle()
    for (const node of nodes) expect(node.prefixes()).toEqual(['10.1.0.0/24', '10.2.0.0/24', '10.3.0.0/24'])
    expect(nodes[1]!.best().get('10.1.0.0/24')).toMatchObject({
      nextHop: '10.0.0.1',
      originatorId: '10.0.0.1',
      clusterList: ['1.1.1.1'],
    })
    expect(nodes[0]!.peer('10.0.0.9').families[0]).toMatchObject({ received: 2 })
    expect(rr.peer('10.0.0.1').families[0]).toMatchObject({ received: 1, advertised: 2 })

    nodes[0]!.apply({ peers: [] })
    rack.settle(1)
    expect(nodes[2]!.prefixes()).toEqual(['10.2.0.0/24', '10.3.0.0/24'])
  })

  test('tells non-clients only what clients say', () => {
    const rack = new Rack()
    rack.speaker('10.0.0.9', { peers: [client('10.0.0.1'), peer('10.0.0.2'), peer('10.0.0.3')] })
    const nodes = [1, 2, 3].map((n) =>
      rack.speaker(`10.0.0.${n}`, {
        peers: [peer('10.0.0.9', { originationSet: 'own' })],
        originationSets: own(`10.${n}.0.0/24`),
      }),
    )
    rack.settle()
    expect(nodes[0]!.prefixes()).toEqual(['10.1.0.0/24', '10.2.0.0/24', '10.3.0.0/24'])
    expect(nodes[1]!.prefixes()).toEqual(['10.1.0.0/24', '10.2.0.0/24'])
    expect(nodes[2]!.prefixes()).toEqual(['10.1.0.0/24', '10.3.0.0/24'])
  })
})

describe('an external session', () => {
  const external = (at: string, remoteAsn: number, localAsn: number, more = {}) =>
    peer(at, { remoteAsn, localAsn, ...more })

  test('accepts and passes on nothing without a policy (RFC 8212), but tells what is originated for it', () => {
    const rack = new Rack()
    const a = rack.speaker('10.0.0.1', {
      asn: 65001,
      peers: [external('10.0.0.2', 65002, 65001, { originationSet: 'own' })],
      originationSets: own('10.1.0.0/24'),
    })
    const b = rack.speaker('10.0.0.2', { asn: 65002, peers: [external('10.0.0.1', 65001, 65002)] })
    rack.settle()
    expect(a.peer('10.0.0.2')).toMatchObject({ state: 'Established', type: 'external' })
    expect(b.prefixes()).toEqual([])
    expect(b.peer('10.0.0.1').families[0]).toMatchObject({ received: 1, accepted: 0 })
    expect(b.speaker.routes({ receivedFrom: '10.0.0.1' }).routes[0]).toMatchObject({
      asPath: '65001',
      ineligible: expect.stringContaining('8212'),
    })

    const policies = [{ name: 'all', rules: [], defaultAction: 'accept' as const }]
    b.apply({ policies, peers: [external('10.0.0.1', 65001, 65002, { importPolicies: ['all'] })] })
    rack.settle(1)
    expect(b.best().get('10.1.0.0/24')).toMatchObject({ asPath: '65001', nextHop: '10.0.0.1' })
    expect(b.peer('10.0.0.1').timesEstablished).toBe(1)
  })

  test('puts its AS first and leaves internal attributes behind', () => {
    const rack = new Rack()
    const policies = [{ name: 'all', rules: [], defaultAction: 'accept' as const }]
    const both = { importPolicies: ['all'], exportPolicies: ['all'] }
    rack.speaker('10.0.0.1', {
      asn: 65001,
      peers: [external('10.0.0.2', 65002, 65001, { originationSet: 'own' })],
      originationSets: own('10.1.0.0/24'),
    })
    rack.speaker('10.0.0.2', {
      asn: 65002,
      policies,
      peers: [external('10.0.0.1', 65001, 65002, both), external('10.0.0.3', 65003, 65002, both)],
    })
    const c = rack.speaker('10.0.0.3', { asn: 65003, policies, peers: [external('10.0.0.2', 65002, 65003, both)] })
    rack.settle()
    const route = c.best().get('10.1.0.0/24')
    expect(route).toMatchObject({ asPath: '65002 65001', nextHop: '10.0.0.2' })
    expect(route?.localPref).toBeUndefined()
  })
})
