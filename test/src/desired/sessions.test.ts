import { describe, expect, test } from 'vitest'
import type { PeerConfig } from '../../../bgp/contract.ts'
import { address } from '../../../routing/ip/address.ts'
import { desiredState } from '../../../src/desired/desired-state.ts'
import type { Viewpoint } from '../../../src/desired/viewpoint.ts'
import { advertisement, cluster, config, node, ours, peer, policy, secret } from '../../fakes/objects.ts'

const N1: Viewpoint = { role: 'agent', nodeName: 'n1' }
const RR: Viewpoint = { role: 'reflector', nodeName: 'rr-1' }

function peersOf(objects: readonly object[], viewpoint = N1): readonly PeerConfig[] {
  return desiredState(cluster(...objects), viewpoint)?.speaker.peers ?? []
}

/** `mesh/n2 10.0.0.2`, one line per session. */
function sessions(objects: readonly object[], viewpoint = N1): string[] {
  return peersOf(objects, viewpoint).map(({ name, remoteAddress }) => `${name} ${remoteAddress}`)
}

const problemsOf = (objects: readonly object[], viewpoint = N1) =>
  (desiredState(cluster(...objects), viewpoint)?.problems ?? []).map(
    ({ kind, object, path, message }) => `${kind} ${object} ${path}: ${message}`,
  )

const alone = config({ topology: { mode: 'None' } })
const three = [node('n1'), node('n2'), node('n3')]
const topology = (spec: object) => config({ topology: spec })
const reflecting = { nodeSelector: { matchLabels: { reflects: 'yes' } } }
const labelled = { labels: { reflects: 'yes' } }

describe('in the topology', () => {
  test.each([
    [
      'FullMesh, n1 talks to every other node',
      [topology({ mode: 'FullMesh' }), ...three],
      ['mesh/n2 10.0.0.2', 'mesh/n3 10.0.0.3'],
    ],
    ['Auto, it does so while the nodes are few', [config(), ...three], ['mesh/n2 10.0.0.2', 'mesh/n3 10.0.0.3']],
    [
      'Auto, it talks to reflectors when they are many',
      [topology({ maxMeshNodes: 2, reflectors: { addresses: ['10.9.0.1'] } }), ...three],
      ['reflector/10.9.0.1 10.9.0.1'],
    ],
    [
      'Auto, the mesh stays when there is no reflector',
      [topology({ maxMeshNodes: 2 }), ...three],
      ['mesh/n2 10.0.0.2', 'mesh/n3 10.0.0.3'],
    ],
    [
      'Reflectors, it talks to those alone',
      [topology({ mode: 'Reflectors', reflectors: { addresses: ['10.9.0.1', '10.9.0.2'] } }), ...three],
      ['reflector/10.9.0.1 10.9.0.1', 'reflector/10.9.0.2 10.9.0.2'],
    ],
    [
      'Reflectors, it talks to the nodes that reflect',
      [topology({ mode: 'Reflectors', reflectors: reflecting }), node('n1'), node('n2', labelled), node('n3')],
      ['reflector/n2 10.0.0.2'],
    ],
    [
      'Reflectors, as one that reflects it talks to all',
      [
        topology({ mode: 'Reflectors', reflectors: reflecting }),
        node('n1', labelled),
        node('n2', labelled),
        node('n3'),
      ],
      ['client/n3 10.0.0.3', 'reflector/n2 10.0.0.2'],
    ],
    [
      'Reflectors, an empty selector means no node',
      [topology({ mode: 'Reflectors', reflectors: { nodeSelector: {} } }), ...three],
      [],
    ],
    ['None, it talks to nobody', [alone, ...three], []],
    [
      'FullMesh, nodes without address are left out',
      [topology({ mode: 'FullMesh' }), node('n1'), node('n2', { addresses: [] })],
      [],
    ],
  ])('%s', (_, objects, expected) => {
    expect(sessions(objects)).toEqual(expected)
  })

  test('nodes have one session, over IPv4 where they can, for every family that both have', () => {
    const dual = (name: string, n: number) => node(name, { addresses: [`2001:db8::${n}`, `10.0.0.${n}`] })
    const found = peersOf([
      config(),
      dual('n1', 1),
      dual('n2', 2),
      node('n3', { addresses: ['2001:db8::3'] }),
      node('n4'),
    ])
    expect(
      found.map(({ name, remoteAddress, localAddress, families }) => [
        name,
        remoteAddress,
        localAddress,
        families.join(),
      ]),
    ).toEqual([
      ['mesh/n2', '10.0.0.2', '10.0.0.1', 'ipv4-unicast,ipv6-unicast'],
      ['mesh/n3', '2001:db8::3', '2001:db8::1', 'ipv6-unicast'],
      ['mesh/n4', '10.0.0.4', '10.0.0.1', 'ipv4-unicast'],
    ])
  })

  test('Auto, it meshes with as many nodes as it may', () => {
    expect(sessions([topology({ maxMeshNodes: 3, reflectors: { addresses: ['10.9.0.1'] } }), ...three])).toHaveLength(2)
  })

  test('sessions go to the port that the nodes listen on, or to that of BGP where they do not listen', () => {
    const ports = (listenPort: number) =>
      peersOf([config({ listenPort }), node('n1'), node('n2')]).map(({ port }) => port)
    expect([ports(1179), ports(0)]).toEqual([[1179], [179]])
  })

  test('reflectors send several paths per prefix, as many as are used together; the others take them', () => {
    const ways = (objects: readonly object[], viewpoint = N1) =>
      peersOf(objects, viewpoint).map(({ name, addPath }) => [name, addPath])
    const spec = { topology: { mode: 'Reflectors', reflectors: reflecting }, kernel: { maxPaths: 5 } }
    const nodes = [node('n1', labelled), node('n2', labelled), node('n3')]
    expect(ways([config(spec), ...nodes])).toEqual([
      ['client/n3', { send: 5, receive: false }],
      ['reflector/n2', { send: 5, receive: true }],
    ])
    expect(ways([config(spec), ...nodes], { role: 'agent', nodeName: 'n3' })).toEqual([
      ['reflector/n1', { send: 1, receive: true }],
      ['reflector/n2', { send: 1, receive: true }],
    ])
    expect(ways([config({ kernel: { maxPaths: 5 } }), node('n1')], RR)).toEqual([
      ['client/n1', { send: 5, receive: false }],
    ])
    expect(ways([config(), node('n1'), node('n2')])).toEqual([['mesh/n2', undefined]])
  })

  test('a client of another AS is told everything, but is no client', () => {
    const found = peersOf([topology({}), node('n1', { annotations: { 'routelet.io/asn': '64599' } })], RR)
    expect(found[0]).toMatchObject({ routeReflectorClient: false, exportPolicies: ['routelet/accept-all'] })
  })

  test('nodes without a family in common have no session', () => {
    expect(sessions([config(), node('n1'), node('n2', { addresses: ['2001:db8::2'] })])).toEqual([])
  })

  test.each([
    [
      'both families go over the one that a reflector is reached by',
      ['10.9.0.1'],
      [['10.9.0.1', 'ipv4-unicast,ipv6-unicast']],
    ],
    [
      'each goes over its own where reflectors are reached by both',
      ['10.9.0.1', '2001:db8:9::1'],
      [
        ['10.9.0.1', 'ipv4-unicast'],
        ['2001:db8:9::1', 'ipv6-unicast'],
      ],
    ],
  ])('of a node of two families %s, and the reflector expects it so', (_, addresses, expected) => {
    const dual = node('n1', { addresses: ['10.0.0.1', '2001:db8::1'] })
    const objects = [topology({ mode: 'Reflectors', reflectors: { addresses } }), dual]
    const carried = (viewpoint: Viewpoint) => peersOf(objects, viewpoint).map(({ families }) => families.join())
    expect(peersOf(objects).map(({ remoteAddress, families }) => [remoteAddress, families.join()])).toEqual(expected)
    expect(carried(RR)).toEqual(carried(N1))
  })

  test('a node of another AS is an external peer that is trusted all the same', () => {
    const [session] = peersOf([config(), node('n1'), node('n2', { annotations: { 'routelet.io/asn': '64599' } })])
    expect(session).toMatchObject({
      remoteAsn: 64599,
      localAsn: 64512,
      importPolicies: ['routelet/accept-all'],
      exportPolicies: ['routelet/own-routes-only'],
    })
  })

  test('internal sessions need no policy', () => {
    const [session] = peersOf([config(), node('n1'), node('n2')])
    expect(session).not.toHaveProperty('importPolicies')
    expect(session).not.toHaveProperty('exportPolicies')
  })

  test('clients of a node that reflects are clients, and the reflectors have the cluster id', () => {
    const objects = [
      topology({ mode: 'Reflectors', reflectors: { ...reflecting, clusterID: '10.0.0.99' } }),
      node('n1', labelled),
      node('n2', labelled),
      node('n3'),
    ]
    expect(peersOf(objects).map(({ name, routeReflectorClient }) => [name, routeReflectorClient])).toEqual([
      ['client/n3', true],
      ['reflector/n2', false],
    ])
    expect(desiredState(cluster(...objects), N1)?.speaker.clusterId).toBe('10.0.0.99')
    expect(desiredState(cluster(...objects), { ...N1, nodeName: 'n3' })?.speaker).not.toHaveProperty('clusterId')
  })

  test('the password of the topology protects every session of it', () => {
    const secured = topology({ passwordSecretRef: { name: 'mesh' } })
    const found = peersOf([secured, node('n1'), node('n2'), secret('mesh', { password: 's3cret' })])
    expect(found.map(({ password }) => password)).toEqual(['s3cret'])
  })

  test.each([
    [
      'a reflector topology without reflectors',
      [topology({ mode: 'Reflectors' }), ...three],
      ['Pending RoutingConfig default spec.topology.reflectors: no address is given and no node is selected'],
    ],
    [
      'more nodes than the mesh may have',
      [topology({ maxMeshNodes: 2 }), ...three],
      [
        'Pending RoutingConfig default spec.topology.reflectors: 3 nodes are more than maxMeshNodes (2), but there are no reflectors; the full mesh stays',
      ],
    ],
    ['a node that does not exist', [config(), node('n2')], ['Pending Node n1 : there is no such Node']],
  ])('%s is a problem', (_, objects, expected) => {
    expect(problemsOf(objects)).toEqual(expected)
  })
})

describe('a BGPPeer', () => {
  test.each([
    ['by address is one session', [peer('tor-1', { address: '192.0.2.1' })], ['tor-1 192.0.2.1']],
    ['of other nodes is none', [peer('tor-1', { nodeSelectors: [{ matchLabels: { rack: 'z' } }] })], []],
    [
      'of this node among others is one',
      [peer('tor-1', { nodeSelectors: [{ matchLabels: { rack: 'z' } }, { matchLabels: { rack: 'a' } }] })],
      ['tor-1 192.0.2.1'],
    ],
    ['that is this node itself is none', [peer('me', { address: '10.0.0.1' })], []],
    [
      'of nodes is a session with each but oneself',
      [peer('racks', { peerNodeSelector: {} })],
      ['racks/n2 10.0.0.2', 'racks/n3 10.0.0.3'],
    ],
    [
      'of selected nodes is a session with those',
      [peer('racks', { peerNodeSelector: { matchLabels: { rack: 'b' } } })],
      ['racks/n3 10.0.0.3'],
    ],
  ])('%s', (_, objects, expected) => {
    const nodes = [node('n1', { labels: { rack: 'a' } }), node('n2'), node('n3', { labels: { rack: 'b' } })]
    expect(sessions([alone, ...nodes, ...objects])).toEqual(expected)
  })

  test('stands in for the session of the mesh with the same address', () => {
    expect(sessions([config(), ...three, peer('special', { address: '10.0.0.2' })])).toEqual([
      'mesh/n3 10.0.0.3',
      'special 10.0.0.2',
    ])
  })

  test('whose address an older one has is a problem, and the older one holds', () => {
    const objects = [alone, node('n1'), peer('newer', {}, { age: 2 }), peer('older', {}, { age: 1 })]
    expect(sessions(objects)).toEqual(['older 192.0.2.1'])
    expect(problemsOf(objects)).toEqual([
      'Invalid BGPPeer newer spec.address: 192.0.2.1 is already the peer of the older BGPPeer older, which holds',
    ])
  })

  describe('on a link', () => {
    const unnumbered = ours('BGPPeer', 'tor', { interface: 'eth1', peerASN: 65001 })
    const facts = (routers: [string, string][]): Viewpoint => ({
      ...N1,
      facts: {
        localSubnets: [],
        localAddresses: [],
        routers: new Map(routers.map(([name, at]) => [name, address(at)])),
      },
    })

    test('is the router heard there', () => {
      const heard = facts([
        ['eth0', 'fe80::9'],
        ['eth1', 'fe80::1'],
      ])
      expect(peersOf([alone, node('n1'), unnumbered], heard)).toMatchObject([
        { name: 'tor', remoteAddress: 'fe80::1', interfaceName: 'eth1' },
      ])
    })

    test('that has the same address on two links is two peers', () => {
      const other = ours('BGPPeer', 'tor-2', { interface: 'eth2', peerASN: 65001 })
      const heard = facts([
        ['eth1', 'fe80::1'],
        ['eth2', 'fe80::1'],
      ])
      expect(peersOf([alone, node('n1'), unnumbered, other], heard).map(({ interfaceName }) => interfaceName)).toEqual([
        'eth1',
        'eth2',
      ])
    })

    test('is waited for until one is heard', () => {
      expect(peersOf([alone, node('n1'), unnumbered], facts([['eth0', 'fe80::9']]))).toEqual([])
      expect(problemsOf([alone, node('n1'), unnumbered], facts([]))).toEqual([
        'Pending BGPPeer tor spec.interface: no router has been heard on eth1 yet',
      ])
    })
  })

  test('carries every field over', () => {
    const spec = {
      address: '192.0.2.1',
      peerASN: 65000,
      localASN: 65010,
      port: 1179,
      sourceAddress: '192.0.2.9',
      passive: true,
      families: ['ipv6-unicast'],
      timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 },
      ttlSecurityHops: 1,
      nextHop: 'Self',
      allowOwnASN: 2,
      extendedNextHop: false,
      addPath: { send: 4, receive: true },
      maxPrefixes: { ipv4: 100, action: 'Warn' },
      importPolicies: ['in'],
      exportPolicies: ['out'],
      shutdown: { enabled: true, message: 'rack move' },
    }
    expect(peersOf([alone, node('n1'), peer('tor-1', spec), policy('in'), policy('out')])).toEqual([
      {
        name: 'tor-1',
        remoteAddress: '192.0.2.1',
        localAddress: '192.0.2.9',
        port: 1179,
        passive: true,
        remoteAsn: 65000,
        localAsn: 65010,
        families: ['ipv6-unicast'],
        timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 },
        ttlSecurityHops: 1,
        routeReflectorClient: false,
        nextHop: 'self',
        allowOwnAsn: 2,
        extendedNextHop: false,
        addPath: { send: 4, receive: true },
        maxPrefixes: { ipv4: 100, warnPercent: 80, action: 'warn', restartSeconds: 300 },
        importPolicies: ['in'],
        exportPolicies: ['out'],
        shutdown: { message: 'rack move' },
      },
    ])
  })

  test.each([
    ['an external peer without policies is told only our own', { peerASN: 65000 }, ['routelet/own-routes-only']],
    [
      'so is one whose AS may be any other',
      { peerASN: undefined, peerASNType: 'External' },
      ['routelet/own-routes-only'],
    ],
    ['an internal one is told all', { peerASN: 64512 }, undefined],
    ['so is one that is internal by type', { peerASN: undefined, peerASNType: 'Internal' }, undefined],
    ['our AS on the session decides which it is', { peerASN: 65000, localASN: 65000 }, undefined],
  ])('%s', (_, spec, exportPolicies) => {
    const [session] = peersOf([
      alone,
      node('n1'),
      ours('BGPPeer', 'p', JSON.parse(JSON.stringify({ address: '192.0.2.1', ...spec }))),
    ])
    expect(session?.exportPolicies).toEqual(exportPolicies)
    expect(session).not.toHaveProperty('importPolicies')
  })

  test('is a client only as an internal peer', () => {
    const client = (peerASN: number) =>
      peersOf([alone, node('n1'), peer('p', { peerASN, routeReflectorClient: true })])[0]?.routeReflectorClient
    expect([client(64512), client(65000)]).toEqual([true, false])
  })

  test('offers each family once', () => {
    const [session] = peersOf([alone, node('n1'), peer('p', { families: ['ipv4-unicast', 'ipv4-unicast'] })])
    expect(session?.families).toEqual(['ipv4-unicast'])
  })

  test('that is shut down stays as a session, but a range goes', () => {
    const shutdown = { enabled: true }
    const range = peer('racks', { listenRange: '10.7.0.0/16', shutdown })
    const speaker = desiredState(cluster(alone, node('n1'), peer('tor-1', { shutdown }), range), N1)?.speaker
    expect(speaker?.peers.map((one) => one.shutdown)).toEqual([{ message: '' }])
    expect(speaker?.listenRanges).toEqual([])
  })

  test('of nodes goes to the port they listen on unless it names one', () => {
    const to = (spec: object) =>
      peersOf([config({ listenPort: 1179, topology: { mode: 'None' } }), node('n1'), node('n2'), peer('p', spec)])[0]
        ?.port
    expect([to({ peerNodeSelector: {} }), to({ peerNodeSelector: {}, port: 2179 }), to({})]).toEqual([1179, 2179, 179])
  })

  test('that accepts from a range is a range', () => {
    const range = peer('racks', { listenRange: '10.7.0.1/16', peerASN: 64512, routeReflectorClient: true })
    const [found] = desiredState(cluster(alone, node('n1'), range), N1)?.speaker.listenRanges ?? []
    expect(found).toMatchObject({ name: 'racks', range: '10.7.0.0/16', remoteAsn: 64512, routeReflectorClient: true })
  })
})

describe('a session waits', () => {
  const guarded = (spec: object) => [alone, node('n1'), peer('tor-1', spec)]
  const named = { passwordSecretRef: { name: 'tor' } }
  test.each([
    ['for its Secret', guarded(named), 'there is no Secret tor'],
    ['for the key in its Secret', [...guarded(named), secret('tor', { other: 'x' })], 'Secret tor has no key password'],
    [
      'for the Secret in our namespace, not in another',
      [...guarded(named), secret('tor', { password: 'x' }, 'shop')],
      'there is no Secret tor',
    ],
    [
      'for a password that TCP MD5 can take',
      [...guarded(named), secret('tor', { password: 'x'.repeat(81) })],
      'the password in Secret tor, key password, has 81 octets, and 1 to 80 will do',
    ],
    ['for its import policy', guarded({ importPolicies: ['in'] }), 'there is no usable RoutePolicy in'],
    ['for its export policy', guarded({ exportPolicies: ['out'] }), 'there is no usable RoutePolicy out'],
    [
      'for the names in its policy',
      [
        ...guarded({ importPolicies: ['in'] }),
        policy('in', { rules: [{ name: 'r', match: { communities: { none: ['who-knows'] } }, action: 'Accept' }] }),
      ],
      'there is no usable RoutePolicy in',
    ],
  ])('%s', (_, objects, why) => {
    expect(peersOf(objects).map(({ heldDown }) => heldDown)).toEqual([why])
    expect(
      problemsOf(objects).some((problem) => problem.startsWith('Pending BGPPeer tor-1') && problem.includes(why)),
    ).toBe(true)
  })

  test('and a range is not there at all until it can be used', () => {
    const range = peer('racks', { listenRange: '10.7.0.0/16', passwordSecretRef: { name: 'tor' } })
    const desired = desiredState(cluster(alone, node('n1'), range), N1)
    expect(desired?.speaker.listenRanges).toEqual([])
    expect(desired?.problems).toHaveLength(1)
  })

  test('no more once everything is there', () => {
    const [session] = peersOf([
      ...guarded({ ...named, importPolicies: ['in'] }),
      secret('tor', { password: 'x' }),
      policy('in'),
    ])
    expect(session).toMatchObject({ password: 'x', importPolicies: ['in'] })
    expect(session).not.toHaveProperty('heldDown')
  })
})

describe('a reflector', () => {
  test('of a cluster has every node as a client that dials', () => {
    const found = peersOf([topology({ mode: 'Reflectors' }), ...three], RR)
    expect(found.map(({ name, passive, routeReflectorClient }) => [name, passive, routeReflectorClient])).toEqual(
      ['n1', 'n2', 'n3'].map((name) => [`client/${name}`, true, true]),
    )
  })

  test('leaves the BGPPeers of a cluster to its nodes', () => {
    expect(sessions([config(), node('n1'), peer('tor-1')], RR)).toEqual(['client/n1 10.0.0.1'])
  })

  test('has no client at its own address', () => {
    const facts = { localSubnets: [], localAddresses: [address('10.0.0.2')], routers: new Map() }
    expect(sessions([config(), ...three], { ...RR, facts })).toEqual(['client/n1 10.0.0.1', 'client/n3 10.0.0.3'])
  })

  test('waits for clients over the families it has published addresses in', () => {
    const dual = node('n1', { addresses: ['10.0.0.1', '2001:db8::1'] })
    expect(sessions([topology({ reflectors: { addresses: ['10.9.0.1'] } }), dual], RR)).toEqual(['client/n1 10.0.0.1'])
    expect(sessions([topology({ reflectors: { addresses: ['2001:db8:9::1'] } }), dual], RR)).toEqual([
      'client/n1 2001:db8::1',
    ])
  })

  test('away from any cluster has the BGPPeers', () => {
    const objects = [
      config(),
      peer('racks', { listenRange: '10.0.0.0/8', peerASN: 64512, routeReflectorClient: true }),
      peer('other'),
      peer('of-nodes', { address: '192.0.2.7', nodeSelectors: [{ matchLabels: { rack: 'a' } }] }),
    ]
    const speaker = desiredState(cluster(...objects), RR)?.speaker
    expect([speaker?.peers.map(({ name }) => name), speaker?.listenRanges.map(({ name }) => name)]).toEqual([
      ['other'],
      ['racks'],
    ])
  })

  test('installs nothing, and originates nothing but prefixes that are written out', () => {
    const adv = advertisement('p', { type: 'Prefix', prefixes: ['192.0.2.0/24'] })
    const desired = desiredState(cluster(config(), peer('other'), adv, advertisement('services')), RR)
    expect(desired).not.toHaveProperty('kernel')
    expect(desired?.announcements.map(({ prefix, peers }) => [prefix, peers])).toEqual([['192.0.2.0/24', ['other']]])
  })

  test('has an identifier of its own, even on a node', () => {
    const hashed = cluster(config({ routerID: { mode: 'Hash' } }), node('n1'))
    const reflector = desiredState(hashed, { role: 'reflector', nodeName: 'n1' })
    expect(reflector?.speaker.bgpIdentifier).not.toBe(desiredState(hashed, N1)?.speaker.bgpIdentifier)
  })
})
