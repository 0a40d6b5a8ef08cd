import { describe, expect, test } from 'vitest'
import { address } from '../../../routing/ip/address.ts'
import type { DesiredState } from '../../../src/contract.ts'
import { desiredState } from '../../../src/desired/desired-state.ts'
import type { Viewpoint } from '../../../src/desired/viewpoint.ts'
import { advertisement, cluster, config, endpoints, node, peer, policy, service } from '../../fakes/objects.ts'

const N1: Viewpoint = { role: 'agent', nodeName: 'n1' }

function desired(objects: readonly object[], viewpoint = N1): DesiredState {
  const state = desiredState(cluster(...objects), viewpoint)
  if (state === undefined) throw new TypeError('there is no desired state')
  return state
}

const alone = (spec: object = {}) => config({ topology: { mode: 'None' }, ...spec })

/** What a peer is told, each route in a line. */
function told(objects: readonly object[], name: string): string[] {
  const { speaker } = desired(objects)
  const set = speaker.peers.find((one) => one.name === name)?.originationSet
  const routes = speaker.originationSets.find((one) => one.name === set)?.routes ?? []
  return routes.map(({ prefix, communities, localPref, med, prepend }) =>
    [
      prefix,
      ...communities,
      localPref && `localPref ${localPref}`,
      med && `med ${med}`,
      prepend && `prepend ${prepend}`,
    ]
      .filter(Boolean)
      .join(' '),
  )
}

test('without a RoutingConfig nothing is desired', () => {
  expect(desiredState(cluster(node('n1'), peer('tor-1')), N1)).toBeUndefined()
})

test('the same snapshot gives the same state, in whatever order its objects came', () => {
  const objects = [
    config(),
    node('n1'),
    node('n2'),
    peer('b', { address: '192.0.2.2' }),
    peer('a'),
    advertisement('y'),
    advertisement('x'),
    service('shop/web'),
    service('shop/api', { addresses: ['203.0.113.2'] }),
    endpoints('shop/web', ['n1']),
  ]
  expect(desired(objects.toReversed())).toEqual(desired(objects))
})

describe('the speaker', () => {
  const annotated = (annotations: Readonly<Record<string, string>>) => node('n1', { annotations })
  test.each([
    ['has the AS of the cluster', [alone(), node('n1')], { asn: 64512 }],
    ['has the AS of its node', [alone(), annotated({ 'routelet.io/asn': '64599' })], { asn: 64599 }],
    [
      'keeps that of the cluster when its node has none that can be',
      [alone(), annotated({ 'routelet.io/asn': '0' })],
      { asn: 64512 },
    ],
    [
      'keeps it when that of its node is too large',
      [alone(), annotated({ 'routelet.io/asn': '4294967296' })],
      { asn: 64512 },
    ],
    ['is identified by the address of its node', [alone(), node('n1')], { bgpIdentifier: '10.0.0.1' }],
    [
      'is identified as its node says',
      [alone(), annotated({ 'routelet.io/router-id': '192.0.2.77' })],
      { bgpIdentifier: '192.0.2.77' },
    ],
    [
      'ignores an identifier that is none',
      [alone(), annotated({ 'routelet.io/router-id': '2001:db8::1' })],
      { bgpIdentifier: '10.0.0.1' },
    ],
    [
      'has next hops of the families of its node',
      [alone(), node('n1', { addresses: ['10.0.0.1', '2001:db8::1', '10.0.0.2'] })],
      { nextHopSelf: { ipv4: '10.0.0.1', ipv6: '2001:db8::1' } },
    ],
    ['listens on the port of all', [alone(), node('n1')], { listen: { port: 179, addresses: [] } }],
    [
      'offers graceful restart',
      [alone({ gracefulRestart: { restartSeconds: 60 } }), node('n1')],
      { gracefulRestart: { restartSeconds: 60 } },
    ],
    [
      'takes no NOTIFICATION for a restart, for a node that is dead would keep its traffic',
      [alone({ gracefulRestart: { restartSeconds: 60 } }), node('n1')],
      { gracefulRestart: { notification: false, longLivedStaleSeconds: 0, longLivedPartialDeployment: false } },
    ],
    [
      'takes NOTIFICATIONs for restarts where routes are to live long anyway',
      [alone({ gracefulRestart: { longLivedStaleSeconds: 1, longLivedPartialDeployment: true } }), node('n1')],
      { gracefulRestart: { notification: true, longLivedStaleSeconds: 1, longLivedPartialDeployment: true } },
    ],
    ['uses as many paths as the kernel may', [alone({ kernel: { maxPaths: 4 } }), node('n1')], { maxPaths: 4 }],
  ])('%s', (_, objects, expected) => {
    expect(desired(objects).speaker).toMatchObject(expected)
  })

  test.each([
    ['does not listen on port 0', { listenPort: 0 }, 'listen'],
    ['offers no graceful restart when it is off', { gracefulRestart: { enabled: false } }, 'gracefulRestart'],
  ])('%s', (_, spec, field) => {
    expect(desired([alone(spec), node('n1')]).speaker).not.toHaveProperty(field)
  })

  test.each([
    ['by Hash', alone({ routerID: { mode: 'Hash' } }), node('n1')],
    ['by NodeIP, where its node has no IPv4 address', alone(), node('n1', { addresses: ['2001:db8::1'] })],
  ])('is identified from its name %s', (_, routing, itself) => {
    const { bgpIdentifier } = desired([routing, itself]).speaker
    expect(bgpIdentifier).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    expect(bgpIdentifier).not.toBe('10.0.0.1')
    expect(desired([routing, itself]).speaker.bgpIdentifier).toBe(bgpIdentifier)
  })

  test('is identified by an address of the machine where there is no Node', () => {
    const facts = {
      localSubnets: [],
      localAddresses: [address('127.0.0.1'), address('192.0.2.50')],
      routers: new Map(),
    }
    expect(desired([alone()], { ...N1, facts }).speaker.bgpIdentifier).toBe('192.0.2.50')
  })

  test.each([
    ['an AS that is none', 'routelet.io/asn', 'sixty', 'expected an AS number from 1 to 4294967295, got "sixty"'],
    [
      'an identifier that is none',
      'routelet.io/router-id',
      '0.0.0.0',
      'expected an IPv4 address other than 0.0.0.0, got "0.0.0.0"',
    ],
  ])('reports %s', (_, name, value, message) => {
    expect(desired([alone(), annotated({ [name]: value })]).problems).toEqual([
      { kind: 'Invalid', object: 'Node n1', path: `metadata.annotations[${name}]`, message },
    ])
  })
})

describe('pod CIDRs', () => {
  const pods = advertisement('pods', { type: 'PodCIDR', attributes: { communities: ['64512:1'] } })
  test.each([
    ['go to the mesh', [config(), node('n1'), node('n2')], 'mesh/n2', ['10.1.1.0/24']],
    [
      'do not go to the mesh when they should not',
      [config({ podNetwork: { advertise: false } }), node('n1'), node('n2')],
      'mesh/n2',
      [],
    ],
    ['do not go to BGPPeers by themselves', [config(), node('n1'), peer('tor-1')], 'tor-1', []],
    [
      'go to BGPPeers by an advertisement',
      [config(), node('n1'), peer('tor-1'), pods],
      'tor-1',
      ['10.1.1.0/24 64512:1'],
    ],
    [
      'go to the mesh without what an advertisement for others adds',
      [config(), node('n1'), node('n2'), pods],
      'mesh/n2',
      ['10.1.1.0/24'],
    ],
    [
      'go to each peer in the families it carries',
      [
        config(),
        node('n1', { podCIDRs: ['10.1.1.0/24', '2001:db8:1::/64'] }),
        peer('tor-1', { families: ['ipv6-unicast'] }),
        pods,
      ],
      'tor-1',
      ['2001:db8:1::/64 64512:1'],
    ],
    [
      'go out while the node is not ready',
      [config(), node('n1', { conditions: { Ready: 'False' } }), node('n2')],
      'mesh/n2',
      ['10.1.1.0/24'],
    ],
  ])('%s', (_, objects, name, routes) => {
    expect(told(objects, name)).toEqual(routes)
  })
})

describe('service addresses', () => {
  const shop = [service('shop/web'), endpoints('shop/web', ['n1'])]
  const everywhere = config({ topology: { advertiseServices: true } })
  test.each([
    ['do not go to the mesh by themselves', [config(), advertisement('all')], ['10.1.1.0/24']],
    ['go to the mesh where they should', [everywhere, advertisement('all')], ['10.1.1.0/24', '203.0.113.1/32']],
    [
      'do not go there from an advertisement for named peers',
      [everywhere, peer('tor-1'), advertisement('all', { peers: ['tor-1'] })],
      ['10.1.1.0/24'],
    ],
  ])('%s', (_, objects, routes) => {
    expect(told([node('n1'), node('n2'), ...shop, ...objects], 'mesh/n2')).toEqual(routes)
  })
})

describe('prefixes that are written out', () => {
  const adv = (spec: object = {}) => advertisement('agg', { type: 'Prefix', prefixes: ['198.51.100.7/24'], ...spec })
  test('go to the BGPPeers', () => {
    expect(told([alone(), node('n1'), peer('tor-1'), adv()], 'tor-1')).toEqual(['198.51.100.0/24'])
  })
  test('stay where their node is not selected', () => {
    const { announcements } = desired([
      alone(),
      node('n1'),
      peer('tor-1'),
      adv({ nodeSelectors: [{ matchLabels: { rack: 'z' } }] }),
    ])
    expect(announcements).toContainEqual({
      prefix: '198.51.100.0/24',
      object: 'BGPAdvertisement agg',
      advertisement: 'agg',
      peers: [],
      silentBecause: 'NodeNotSelected',
    })
  })
})

describe('several advertisements of one prefix to one peer', () => {
  const base = [
    alone({ communityAliases: [{ name: 'no-transit', value: '64512:666' }] }),
    node('n1'),
    peer('tor-1'),
    service('shop/web'),
    endpoints('shop/web', ['n1']),
  ]
  const adv = (name: string, age: number, attributes: object) => advertisement(name, { attributes }, { age })
  test.each([
    [
      'unite their communities',
      [adv('a', 1, { communities: ['64512:2', 'no-export'] }), adv('b', 2, { communities: ['64512:1', '64512:2'] })],
      ['203.0.113.1/32 64512:1 64512:2 65535:65281'],
    ],
    [
      'take each attribute from whoever gives it',
      [adv('a', 1, { localPref: 200 }), adv('b', 2, { med: 7 })],
      ['203.0.113.1/32 localPref 200 med 7'],
    ],
    [
      'contradict each other, and the older one holds',
      [adv('a', 2, { localPref: 100 }), adv('b', 1, { localPref: 200 })],
      ['203.0.113.1/32 localPref 200'],
    ],
    [
      'resolve aliases',
      [adv('a', 1, { communities: ['no-transit'], asPathPrepend: 2 })],
      ['203.0.113.1/32 64512:666 prepend 2'],
    ],
  ])('%s', (_, advertisements, routes) => {
    expect(told([...base, ...advertisements], 'tor-1')).toEqual(routes)
  })

  test('are a problem of the newer one when they contradict each other', () => {
    const { problems } = desired([...base, adv('new', 2, { med: 5 }), adv('old', 1, { med: 10 })])
    expect(problems).toEqual([
      {
        kind: 'Invalid',
        object: 'BGPAdvertisement new',
        path: 'spec.attributes.med',
        message: '5 contradicts the 10 of the older BGPAdvertisement old, which holds, for 203.0.113.1/32 to tor-1',
      },
    ])
  })

  test('are none where they go to different peers', () => {
    const objects = [
      ...base,
      peer('tor-2', { address: '192.0.2.2' }),
      advertisement('a', { peers: ['tor-1'], attributes: { med: 1 } }),
      advertisement('b', { peers: ['tor-2'], attributes: { med: 2 } }),
    ]
    expect([told(objects, 'tor-1'), told(objects, 'tor-2'), desired(objects).problems]).toEqual([
      ['203.0.113.1/32 med 1'],
      ['203.0.113.1/32 med 2'],
      [],
    ])
  })
})

describe('peers that are told the same', () => {
  const objects = [
    config(),
    node('n1'),
    node('n2'),
    node('n3'),
    peer('tor-1'),
    peer('tor-2', { address: '192.0.2.2' }),
    peer('odd', { address: '192.0.2.3', families: ['ipv4-unicast'] }),
    advertisement('all'),
    service('shop/web'),
  ]
  const sets = (more: readonly object[] = []) =>
    Object.fromEntries(
      desired([...objects, ...more]).speaker.peers.map(({ name, originationSet }) => [name, originationSet]),
    )

  test('share one set', () => {
    expect(sets()).toEqual({
      'mesh/n2': 'ipv4 topology',
      'mesh/n3': 'ipv4 topology',
      odd: 'ipv4 all',
      'tor-1': 'ipv4+ipv6 all',
      'tor-2': 'ipv4+ipv6 all',
    })
  })

  test('keep its name while services come and go', () => {
    expect(sets([endpoints('shop/web', ['n1'])])).toEqual(sets())
  })
})

describe('an advertisement that names what is not there is pending:', () => {
  test.each([
    ['a peer', { peers: ['tor-9'] }, 'spec.peers[0]', 'there is no BGPPeer tor-9'],
    ['a pool', { service: { pools: ['public'] } }, 'spec.service.pools[0]', 'there is no IPAddressPool public'],
    [
      'a community',
      { attributes: { communities: ['no-export', 'who-knows'] } },
      'spec.attributes.communities[1]',
      'no community or alias is named who-knows; nothing is announced under this advertisement',
    ],
  ])('%s', (_, spec, path, message) => {
    expect(desired([alone(), node('n1'), advertisement('all', spec)]).problems).toEqual([
      { kind: 'Pending', object: 'BGPAdvertisement all', path, message },
    ])
  })
})

describe('a policy', () => {
  const converted = (rule: object) =>
    desired([
      alone({ communityAliases: [{ name: 'x', value: '1:2' }] }),
      node('n1'),
      policy('p', { rules: [{ name: 'r', action: 'Accept', ...rule }] }),
    ]).speaker.policies.find(({ name }) => name === 'p')?.rules[0]

  test.each([
    ['matches a prefix alone', { prefix: '10.0.0.0/8' }, { prefix: '10.0.0.0/8', minLength: 8, maxLength: 8 }],
    [
      'matches what is longer from a length on',
      { prefix: '10.0.0.0/8', minLength: 16 },
      { prefix: '10.0.0.0/8', minLength: 16, maxLength: 32 },
    ],
    [
      'matches what is longer up to a length',
      { prefix: '10.0.0.0/8', maxLength: 24 },
      { prefix: '10.0.0.0/8', minLength: 8, maxLength: 24 },
    ],
    [
      'matches the longest of its family',
      { prefix: '2001:db8::/32', minLength: 48 },
      { prefix: '2001:db8::/32', minLength: 48, maxLength: 128 },
    ],
    ['clears bits beyond the length', { prefix: '10.1.2.3/8' }, { prefix: '10.0.0.0/8', minLength: 8, maxLength: 8 }],
  ])('%s', (_, prefix, expected) => {
    expect(converted({ match: { prefixes: [prefix] } })?.match.prefixes).toEqual([expected])
  })

  test('carries every condition and every change over', () => {
    expect(
      converted({
        match: {
          families: ['ipv4-unicast'],
          communities: { any: ['x'], none: ['no-export'] },
          asPath: { contains: [1], maxLength: 3 },
          nextHops: ['10.0.0.0/8'],
          source: 'External',
        },
        set: {
          localPref: 1,
          med: 2,
          addCommunities: ['3:4'],
          removeCommunities: ['x'],
          prepend: { asn: 5 },
          nextHop: 'Self',
          kernelMetric: 6,
        },
        action: 'Continue',
      }),
    ).toEqual({
      name: 'r',
      match: {
        families: ['ipv4-unicast'],
        communities: { any: ['1:2'], none: ['65535:65281'] },
        asPath: { contains: [1], maxLength: 3 },
        nextHops: ['10.0.0.0/8'],
        source: 'external',
      },
      set: {
        localPref: 1,
        med: 2,
        addCommunities: ['3:4'],
        removeCommunities: ['1:2'],
        prepend: { asn: 5, times: 1 },
        nextHop: 'self',
        kernelMetric: 6,
      },
      action: 'continue',
    })
  })

  test('without conditions matches everything', () => {
    expect(converted({})).toEqual({ name: 'r', match: {}, set: {}, action: 'accept' })
  })
})

describe('the kernel', () => {
  const shop = [peer('tor-1'), advertisement('all'), service('shop/web'), endpoints('shop/web', ['n1'])]
  const kubernetes = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIPs: ['10.96.0.1'] },
  }
  const apiServer = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['172.16.0.1'] }],
  }

  test('never has what is ours, nor what would cut us off', () => {
    const viewpoint = { ...N1, apiServerAddresses: [address('172.16.0.2')] }
    expect(desired([config(), node('n1'), node('n2'), ...shop, kubernetes, apiServer], viewpoint).kernel).toEqual({
      table: 254,
      metric: 1024,
      protocol: 179,
      maxPaths: 16,
      installLearned: true,
      blackholes: ['10.1.1.0/24'],
      ownPrefixes: ['10.1.1.0/24', '203.0.113.1/32'],
      advertiseOn: [],
      protectedAddresses: ['10.0.0.2', '10.96.0.1', '172.16.0.1', '172.16.0.2', '192.0.2.1'],
    })
  })

  test.each([
    ['has no blackholes when they are off', { kernel: { blackholePodCIDR: false } }, { blackholes: [] }],
    ['learns nothing when it should not', { podNetwork: { install: false } }, { installLearned: false }],
    [
      'has the numbers it is given',
      { kernel: { table: 100, metric: 7, protocol: 42, maxPaths: 2 } },
      { table: 100, metric: 7, protocol: 42, maxPaths: 2 },
    ],
  ])('%s', (_, spec, expected) => {
    expect(desired([alone(spec), node('n1')]).kernel).toMatchObject(expected)
  })

  test('may learn a service address that this node does not announce', () => {
    expect(
      desired([alone(), node('n1'), peer('tor-1'), advertisement('all'), service('shop/web')]).kernel?.ownPrefixes,
    ).toEqual(['10.1.1.0/24'])
  })
})

test('a problem that concerns many sessions is told once', () => {
  const objects = [config({ topology: { passwordSecretRef: { name: 'mesh' } } }), node('n1'), node('n2'), node('n3')]
  expect(desired(objects).problems).toHaveLength(1)
  expect(desired(objects).speaker.peers.map(({ heldDown }) => heldDown)).toEqual([
    'there is no Secret mesh',
    'there is no Secret mesh',
  ])
})
