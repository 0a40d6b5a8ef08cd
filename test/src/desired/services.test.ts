import { describe, expect, test } from 'vitest'
import { desiredState } from '../../../src/desired/desired-state.ts'
import type { Viewpoint } from '../../../src/desired/viewpoint.ts'
import {
  advertisement,
  cluster,
  config,
  type EndpointFacts,
  endpoints,
  type NodeFacts,
  namespace,
  node,
  peer,
  pool,
  type ServiceFacts,
  service,
} from '../../fakes/objects.ts'

const N1: Viewpoint = { role: 'agent', nodeName: 'n1' }

/** What n1 says of service addresses: `203.0.113.1/32 → tor-1`, or `203.0.113.1/32: NoServingEndpoint`. */
function said(...objects: object[]): string[] {
  const desired = desiredState(cluster(config({ topology: { mode: 'None' } }), ...objects), N1)
  return (desired?.announcements ?? [])
    .filter(({ object }) => object.startsWith('Service'))
    .map(({ prefix = 'no address', peers, silentBecause }) =>
      silentBecause === undefined ? `${prefix} → ${peers.join(', ')}` : `${prefix}: ${silentBecause}`,
    )
}

const VIP = '203.0.113.1/32'
const announced = [`${VIP} → tor-1`]
const silent = (reason: string) => [`${VIP}: ${reason}`]

const tor = peer('tor-1')
const adv = advertisement('all')
const web = (facts: ServiceFacts = {}) => service('shop/web', facts)
const on = (...where: (string | EndpointFacts)[]) => endpoints('shop/web', where)
const n1 = (facts: NodeFacts = {}) => node('n1', facts)

describe('n1 announces', () => {
  test.each([
    ['a service with an endpoint of its own', [web(), on('n1')]],
    ['a service whose endpoints are elsewhere', [web(), on('n2')]],
    ['a service whose only endpoint is on no known node', [web(), on({ ready: true })]],
    ['a service whose endpoint says nothing of being ready', [web(), on({ nodeName: 'n2' })]],
    [
      'a service whose endpoint terminates but serves',
      [web(), on({ nodeName: 'n2', ready: false, serving: true, terminating: true })],
    ],
    ['a service with one endpoint that serves among others', [web(), on({ nodeName: 'n2', ready: false }, 'n3')]],
    ['a Local service with an endpoint of its own', [web({ policy: 'Local' }), on('n1', 'n2')]],
    ['a service of our class', [web({ class: 'routelet.io/lb' }), on('n1')]],
  ])('%s', (_, objects) => {
    expect(said(n1(), tor, adv, ...objects)).toEqual(announced)
  })

  test('both addresses of a service of two families', () => {
    const both = web({ addresses: ['203.0.113.1', '2001:db8::1'] })
    const spoken = said(n1(), tor, adv, both, on('n1'), endpoints('shop/web', ['n1'], 'IPv6'))
    expect(spoken).toEqual(['2001:db8::1/128 → tor-1', `${VIP} → tor-1`])
  })

  test('an address that two services share, as long as one of them serves', () => {
    const other = service('shop/api', { addresses: ['203.0.113.1'] })
    expect(said(n1(), tor, adv, web(), other, on('n1'))).toEqual([`${VIP}: NoServingEndpoint`, `${VIP} → tor-1`])
  })
})

describe('n1 is silent about', () => {
  test.each([
    ['a service without endpoints', 'NoServingEndpoint', [web()]],
    ['a service whose endpoints are not ready', 'NoServingEndpoint', [web(), on({ nodeName: 'n1', ready: false })]],
    [
      'a service whose endpoint terminates and serves no more',
      'NoServingEndpoint',
      [web(), on({ nodeName: 'n1', ready: false, serving: false })],
    ],
    ['a Local service whose endpoints are elsewhere', 'NoLocalEndpoint', [web({ policy: 'Local' }), on('n2')]],
    [
      'a Local service whose endpoint is on no known node',
      'NoLocalEndpoint',
      [web({ policy: 'Local' }), on({ ready: true })],
    ],
    ['a Local service without any endpoint', 'NoServingEndpoint', [web({ policy: 'Local' })]],
  ])('%s: %s', (_, reason, objects) => {
    expect(said(n1(), tor, adv, ...objects)).toEqual(silent(reason))
  })

  test('a service of another load balancer: NotOurClass', () => {
    expect(said(n1(), tor, adv, web({ class: 'example.com/lb' }), on('n1'))).toEqual(['no address: NotOurClass'])
  })

  test.each([
    ['a service that has no address yet', { addresses: [] }],
    ['a service that has a host name only', { ingress: [{ hostname: 'lb.example.com' }] }],
    ['an address that a proxy elsewhere answers for', { ingress: [{ ip: '203.0.113.1', ipMode: 'Proxy' }] }],
  ])('%s: NoAddress', (_, facts) => {
    expect(said(n1(), tor, adv, web(facts), on('n1'))).toEqual(['no address: NoAddress'])
  })

  test('services that are no load balancers, without a word', () => {
    expect(said(n1(), tor, adv, web({ type: 'ClusterIP' }), on('n1'))).toEqual([])
  })

  test('an IPv6 address whose endpoints are IPv4 only', () => {
    expect(said(n1(), tor, adv, web({ addresses: ['2001:db8::1'] }), on('n1'))).toEqual([
      '2001:db8::1/128: NoServingEndpoint',
    ])
  })

  test('an IPv6 address towards a peer that carries IPv4 only', () => {
    const v4 = peer('tor-1', { families: ['ipv4-unicast'] })
    const v6 = web({ addresses: ['2001:db8::1'] })
    expect(said(n1(), v4, adv, v6, endpoints('shop/web', ['n1'], 'IPv6'))).toEqual(['2001:db8::1/128: NoMatchingPeer'])
  })
})

describe('the state of n1 counts:', () => {
  const exclude = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }
  test.each([
    ['excluded by its label', { labels: exclude }, silent('NodeExcluded')],
    ['not ready', { conditions: { Ready: 'False' } }, silent('NodeNotReady')],
    ['heard of no more', { conditions: { Ready: 'Unknown' } }, silent('NodeNotReady')],
    [
      'without network',
      { conditions: { Ready: 'True', NetworkUnavailable: 'True' } },
      silent('NodeNetworkUnavailable'),
    ],
    ['ready, with network', { conditions: { Ready: 'True', NetworkUnavailable: 'False' } }, announced],
    ['saying nothing of itself', {}, announced],
  ])('%s', (_, facts, expected) => {
    expect(said(n1(facts), tor, adv, web(), on('n1'))).toEqual(expected)
  })
})

describe('an advertisement selects', () => {
  const red = { matchLabels: { colour: 'red' } }
  const named = { 'kubernetes.io/metadata.name': 'shop' }
  test.each([
    ['services by their labels', { service: { selector: red } }, [web({ labels: { colour: 'red' } })], announced],
    [
      'no services with other labels',
      { service: { selector: red } },
      [web({ labels: { colour: 'blue' } })],
      silent('NoAdvertisement'),
    ],
    [
      'services by the name of their namespace',
      { service: { namespaceSelector: { matchLabels: named } } },
      [web()],
      announced,
    ],
    [
      'services by the labels of their namespace',
      { service: { namespaceSelector: red } },
      [web(), namespace('shop', { colour: 'red' })],
      announced,
    ],
    [
      'no services of other namespaces',
      { service: { namespaceSelector: red } },
      [web(), namespace('shop', {})],
      silent('NoAdvertisement'),
    ],
    ['addresses of a pool', { service: { pools: ['public'] } }, [web(), pool('public', '203.0.113.0/24')], announced],
    [
      'addresses of a range',
      { service: { pools: ['public'] } },
      [web(), pool('public', '203.0.112.9-203.0.113.1')],
      announced,
    ],
    [
      'no addresses of another family',
      { service: { pools: ['public'] } },
      [web(), pool('public', '::-ffff::')],
      silent('NoAdvertisement'),
    ],
    [
      'no addresses outside its pools',
      { service: { pools: ['public'] } },
      [web(), pool('public', '203.0.113.2-203.0.113.9')],
      silent('NoAdvertisement'),
    ],
    [
      'no addresses of other pools',
      { service: { pools: ['private'] } },
      [web(), pool('public', '203.0.113.0/24')],
      silent('NoAdvertisement'),
    ],
    ['no other nodes', { nodeSelectors: [red] }, [web()], silent('NodeNotSelected')],
    ['peers by name', { peers: ['tor-1'] }, [web()], announced],
    ['no peers of other names', { peers: ['tor-2'] }, [web()], silent('NoMatchingPeer')],
    ['no peers with other labels', { peerSelector: red }, [web()], silent('NoMatchingPeer')],
    ['no services at all, with another type', { type: 'PodCIDR' }, [web()], silent('NoAdvertisement')],
    [
      'no services at all, as long as a community is unknown',
      { attributes: { communities: ['no-transit'] } },
      [web()],
      silent('NoAdvertisement'),
    ],
  ])('%s', (_, spec, objects, expected) => {
    expect(said(n1(), tor, advertisement('all', spec), ...objects, on('n1'))).toEqual(expected)
  })

  test('nodes by any of its selectors', () => {
    const either = advertisement('all', { nodeSelectors: [red, { matchLabels: { rack: 'a' } }] })
    expect(said(n1({ labels: { rack: 'a' } }), tor, either, web(), on('n1'))).toEqual(announced)
  })
})

describe('announceWithoutEndpoints', () => {
  const anyway = advertisement('all', { service: { announceWithoutEndpoints: true } })
  test.each([
    ['announces a service that serves nowhere', [web()], announced],
    ['does so for a Local service too', [web({ policy: 'Local' })], announced],
    [
      'leaves a Local service to the nodes that serve it',
      [web({ policy: 'Local' }), on('n2')],
      silent('NoLocalEndpoint'),
    ],
  ])('%s', (_, objects, expected) => {
    expect(said(n1(), tor, anyway, ...objects)).toEqual(expected)
  })
})

describe('external and cluster IPs:', () => {
  const external = { addresses: ['ExternalIP'], externalIPs: ['198.51.100.0/24', '2001:db8:e::/48'] }
  const cluster = { addresses: ['ClusterIP'] }
  const plain = (facts: ServiceFacts) => web({ type: 'ClusterIP', addresses: [], ...facts })
  const ex = '198.51.100.7/32'
  const cl = '10.96.0.7/32'
  const withEx = { externalIPs: ['198.51.100.7'] }
  const withCl = { clusterIPs: ['10.96.0.7'] }
  test.each([
    ['an external IP of any type of Service', external, plain(withEx), ['n2'], [`${ex} → tor-1`]],
    [
      'an external IP outside of what is allowed',
      external,
      plain({ externalIPs: ['192.0.2.53'] }),
      ['n1'],
      ['192.0.2.53/32: ExternalIPNotAllowed'],
    ],
    [
      'each external IP is judged alone',
      external,
      plain({ externalIPs: ['198.51.100.7', '198.51.101.7'] }),
      ['n1'],
      ['198.51.100.7/32 → tor-1', '198.51.101.7/32: ExternalIPNotAllowed'],
    ],
    [
      'an external IP goes by externalTrafficPolicy',
      external,
      plain({ ...withEx, policy: 'Local', internalPolicy: 'Cluster' }),
      ['n2'],
      [`${ex}: NoLocalEndpoint`],
    ],
    [
      'and not by internalTrafficPolicy',
      external,
      plain({ ...withEx, policy: 'Cluster', internalPolicy: 'Local' }),
      ['n2'],
      [`${ex} → tor-1`],
    ],
    ['a cluster IP', cluster, plain(withCl), ['n2'], [`${cl} → tor-1`]],
    [
      'a cluster IP goes by internalTrafficPolicy',
      cluster,
      plain({ ...withCl, policy: 'Cluster', internalPolicy: 'Local' }),
      ['n2'],
      [`${cl}: NoLocalEndpoint`],
    ],
    [
      'with an endpoint of its own',
      cluster,
      plain({ ...withCl, policy: 'Cluster', internalPolicy: 'Local' }),
      ['n1'],
      [`${cl} → tor-1`],
    ],
    [
      'and not by externalTrafficPolicy',
      cluster,
      plain({ ...withCl, policy: 'Local', internalPolicy: 'Cluster' }),
      ['n2'],
      [`${cl} → tor-1`],
    ],
    ['a cluster IP that nobody serves', cluster, plain(withCl), [], [`${cl}: NoServingEndpoint`]],
    ['a headless Service has none', cluster, plain({ clusterIPs: ['None'] }), ['n1'], []],
    ['nobody asks for cluster IPs', external, plain(withCl), ['n1'], []],
    ['nobody asks for external IPs', cluster, plain(withEx), ['n1'], []],
    ['pools are for load balancer addresses', { ...cluster, pools: ['x'] }, plain(withCl), ['n1'], [`${cl} → tor-1`]],
    [
      'the class of a load balancer says nothing of its cluster IP',
      cluster,
      web({ ...withCl, class: 'example.com/lb' }),
      ['n1'],
      [`${cl} → tor-1`, 'no address: NotOurClass'],
    ],
    [
      'of a load balancer only what is asked for',
      cluster,
      web(withCl),
      ['n1'],
      [`${cl} → tor-1`, `${VIP}: NoAdvertisement`],
    ],
  ] as const)('%s', (_, spec, object, where, expected) => {
    expect(said(n1(), tor, advertisement('all', { service: spec }), object, on(...where)).toSorted()).toEqual(expected)
  })
})

test('without any advertisement nothing is announced', () => {
  expect(said(n1(), tor, web(), on('n1'))).toEqual(silent('NoAdvertisement'))
})

test('of several advertisements in vain, the one that came furthest gives the reason', () => {
  const elsewhere = advertisement('a', { nodeSelectors: [{ matchLabels: { rack: 'z' } }] })
  const desired = desiredState(cluster(config(), n1(), tor, elsewhere, advertisement('b'), web()), N1)
  expect(desired?.announcements.find(({ object }) => object === 'Service shop/web')).toEqual({
    prefix: VIP,
    object: 'Service shop/web',
    advertisement: 'b',
    peers: [],
    silentBecause: 'NoServingEndpoint',
  })
})
