/**
 * Objects and the verdict on them. Our own validation is held to it (`admission.test.ts`), and so is the real API
 * server (`test/e2e/crds.test.ts`): the same objects must be accepted and refused by both, for the same reasons.
 */
export interface AdmissionCase {
  readonly what: string
  readonly object: Readonly<Record<string, unknown>>
  /** Absent: it is accepted. */
  readonly refused?: Refusal
}

interface Refusal {
  readonly path: string
  /** Of a CEL rule: its message. Of the schema: a part of ours. */
  readonly message: string
  readonly by: 'rule' | 'schema'
}

function object(kind: string, spec: unknown, name = 'x') {
  return { apiVersion: 'routelet.io/v1alpha1', kind, metadata: { name }, spec }
}

const rule = (path: string, message: string): Refusal => ({ path, message, by: 'rule' })
const schema = (path: string, message: string): Refusal => ({ path, message, by: 'schema' })

const config = (spec: object, name = 'default') => object('RoutingConfig', { asn: 64512, ...spec }, name)
const peer = (spec: object) => object('BGPPeer', { address: '192.0.2.1', peerASN: 65000, ...spec })
const bare = (spec: object) => object('BGPPeer', spec)
const advertisement = (spec: object) => object('BGPAdvertisement', { type: 'Service', ...spec })
const policy = (match: object, set: object = {}) =>
  object('RoutePolicy', { rules: [{ name: 'r', match, set, action: 'Accept' }] })
const pool = (...addresses: string[]) => object('IPAddressPool', { addresses })
const selecting = (...matchExpressions: object[]) => advertisement({ peerSelector: { matchExpressions } })

const routingConfigs: readonly AdmissionCase[] = [
  { what: 'a RoutingConfig of an AS and nothing else', object: config({}) },
  {
    what: 'a RoutingConfig without AS',
    object: object('RoutingConfig', {}, 'default'),
    refused: schema('spec.asn', 'is required'),
  },
  {
    what: 'a second RoutingConfig',
    object: config({}, 'other'),
    refused: rule('', 'the one RoutingConfig is named default'),
  },
  { what: 'the largest AS', object: config({ asn: 4_294_967_295 }) },
  {
    what: 'AS 0',
    object: config({ asn: 0 }),
    refused: schema('spec.asn', 'expected an integer from 1 to 4294967295, got 0'),
  },
  {
    what: 'an AS of five octets',
    object: config({ asn: 4_294_967_296 }),
    refused: schema('spec.asn', 'expected an integer'),
  },
  { what: 'an AS in quotes', object: config({ asn: '64512' }), refused: schema('spec.asn', 'got "64512"') },
  {
    what: 'a cluster id written as an IPv4 address',
    object: config({ topology: { reflectors: { clusterID: '10.0.0.1' } } }),
  },
  {
    what: 'a cluster id written as an IPv6 address',
    object: config({ topology: { reflectors: { clusterID: '2001:db8::1' } } }),
    refused: rule('spec.topology.reflectors.clusterID', 'must be written as an IPv4 address'),
  },
  {
    what: 'a cluster id that is a number',
    object: config({ topology: { reflectors: { clusterID: '7' } } }),
    refused: rule('spec.topology.reflectors.clusterID', 'must be written as an IPv4 address'),
  },
  { what: 'a reflector by address', object: config({ topology: { reflectors: { addresses: ['2001:db8::1'] } } }) },
  {
    what: 'a reflector by name',
    object: config({ topology: { reflectors: { addresses: ['rr.example.com'] } } }),
    refused: rule('spec.topology.reflectors.addresses[0]', 'must be an IPv4 or IPv6 address'),
  },
  { what: 'an MTU left to us', object: config({ podNetwork: { vxlan: { mtu: 'auto' } } }) },
  { what: 'an MTU in octets', object: config({ podNetwork: { vxlan: { mtu: 1450 } } }) },
  {
    what: 'an MTU that IPv6 forbids',
    object: config({ podNetwork: { vxlan: { mtu: 576 } } }),
    refused: rule('spec.podNetwork.vxlan.mtu', 'must be auto or 1280 to 65535'),
  },
  {
    what: 'an MTU in other words',
    object: config({ podNetwork: { vxlan: { mtu: 'big' } } }),
    refused: rule('spec.podNetwork.vxlan.mtu', 'must be auto or 1280 to 65535'),
  },
  {
    what: 'aliases for a community and a large one',
    object: config({
      communityAliases: [
        { name: 'no-transit', value: '64512:666' },
        { name: 'region', value: 'large:64512:1:2' },
      ],
    }),
  },
  {
    what: 'one alias twice',
    object: config({
      communityAliases: [
        { name: 'a', value: '64512:1' },
        { name: 'a', value: '64512:2' },
      ],
    }),
    refused: schema('spec.communityAliases[1].name', '"a" stands there twice'),
  },
  {
    what: 'an alias for an alias',
    object: config({ communityAliases: [{ name: 'a', value: 'no-export' }] }),
    refused: schema('spec.communityAliases[0].value', 'expected text that matches'),
  },
  {
    what: 'a field that does not exist',
    object: config({ listenport: 179 }),
    refused: schema('spec.listenport', 'no such field; did you mean listenPort?'),
  },
  { what: 'a null, which counts as absent', object: config({ topology: null, listenPort: null }) },
  {
    what: 'a topology mode that does not exist',
    object: config({ topology: { mode: 'Mesh' } }),
    refused: schema('spec.topology.mode', 'expected one of Auto, FullMesh, Reflectors, None, got "Mesh"'),
  },
]

const ONE_PEER = 'exactly one of address, interface, listenRange and peerNodeSelector is needed'
const ONE_ASN = 'exactly one of peerASN and peerASNType is needed'

const peers: readonly AdmissionCase[] = [
  { what: 'a peer by address', object: peer({}) },
  { what: 'a peer by IPv6 address', object: peer({ address: '2001:db8::1' }) },
  { what: 'peers from a range', object: bare({ listenRange: '10.0.0.0/8', peerASNType: 'Internal' }) },
  { what: 'peers that are nodes', object: bare({ peerNodeSelector: {}, peerASNType: 'Internal' }) },
  { what: 'a peer that is nowhere', object: bare({ peerASN: 65000 }), refused: rule('spec', ONE_PEER) },
  { what: 'a peer in two places', object: peer({ listenRange: '10.0.0.0/8' }), refused: rule('spec', ONE_PEER) },
  { what: 'a peer without AS', object: bare({ address: '192.0.2.1' }), refused: rule('spec', ONE_ASN) },
  { what: 'a peer with an AS in two ways', object: peer({ peerASNType: 'Internal' }), refused: rule('spec', ONE_ASN) },
  {
    what: 'a peer by name',
    object: bare({ address: 'tor-1', peerASN: 65000 }),
    refused: rule('spec.address', 'must be an IPv4 or IPv6 address'),
  },
  {
    what: 'an IPv4 address in IPv6 clothes',
    object: bare({ address: '::ffff:192.0.2.1', peerASN: 65000 }),
    refused: rule('spec.address', 'must be an IPv4 or IPv6 address'),
  },
  {
    what: 'an address with leading zeros',
    object: bare({ address: '192.0.02.1', peerASN: 65000 }),
    refused: rule('spec.address', 'must be an IPv4 or IPv6 address'),
  },
  {
    what: 'an address with a zone',
    object: bare({ address: 'fe80::1%eth0', peerASN: 65000 }),
    refused: rule('spec.address', 'must be an IPv4 or IPv6 address'),
  },
  {
    what: 'a range without length',
    object: bare({ listenRange: '10.0.0.0', peerASN: 65000 }),
    refused: rule('spec.listenRange', 'must be a prefix such as 192.0.2.0/24 or 2001:db8::/64'),
  },
  {
    what: 'a range longer than an address',
    object: bare({ listenRange: '10.0.0.0/33', peerASN: 65000 }),
    refused: rule('spec.listenRange', 'must be a prefix such as 192.0.2.0/24 or 2001:db8::/64'),
  },
  { what: 'a range with bits beyond its length', object: bare({ listenRange: '10.0.0.1/8', peerASN: 65000 }) },
  { what: 'a hold time of zero', object: peer({ timers: { holdSeconds: 0 } }) },
  { what: 'the shortest hold time', object: peer({ timers: { holdSeconds: 3, keepaliveSeconds: 1 } }) },
  {
    what: 'a hold time of two seconds',
    object: peer({ timers: { holdSeconds: 2, keepaliveSeconds: 1 } }),
    refused: rule('spec.timers.holdSeconds', 'must be 0 or at least 3'),
  },
  {
    what: 'keepalives as rare as the hold time',
    object: peer({ timers: { holdSeconds: 30, keepaliveSeconds: 30 } }),
    refused: rule('spec.timers.keepaliveSeconds', 'keepaliveSeconds must be less than holdSeconds'),
  },
  {
    what: 'a hold time below the default of the keepalives',
    object: peer({ timers: { holdSeconds: 20 } }),
    refused: rule('spec.timers.keepaliveSeconds', 'keepaliveSeconds must be less than holdSeconds'),
  },
  { what: 'multihop', object: peer({ ebgpMultihopTTL: 2 }) },
  { what: 'GTSM', object: peer({ ttlSecurityHops: 1 }) },
  {
    what: 'multihop with GTSM',
    object: peer({ ebgpMultihopTTL: 2, ttlSecurityHops: 1 }),
    refused: rule('spec.ttlSecurityHops', 'ebgpMultihopTTL and ttlSecurityHops exclude each other'),
  },
  { what: 'a role', object: peer({ role: 'Customer' }) },
  {
    what: 'a role towards our own AS',
    object: bare({ address: '10.0.0.1', peerASNType: 'Internal', role: 'Peer' }),
    refused: rule('spec.role', 'only external peers have a role'),
  },
  { what: 'a passive peer', object: peer({ passive: true }) },
  {
    what: 'a passive range',
    object: bare({ listenRange: '10.0.0.0/8', peerASN: 65000, passive: true }),
    refused: rule('spec.passive', 'a listenRange is passive by nature: leave it out'),
  },
  { what: 'a source address', object: peer({ sourceAddress: '192.0.2.9' }) },
  {
    what: 'a source address of another family',
    object: peer({ sourceAddress: '2001:db8::9' }),
    refused: rule('spec.sourceAddress', 'must be of the same address family as address'),
  },
  {
    what: 'a range with a source address',
    object: bare({ listenRange: '10.0.0.0/8', peerASN: 65000, sourceAddress: '10.0.0.1' }),
    refused: rule('spec.sourceAddress', 'a listenRange is accepted on every own address: leave it out'),
  },
  { what: 'one family', object: peer({ families: ['ipv6-unicast'] }) },
  {
    what: 'no family',
    object: peer({ families: [] }),
    refused: schema('spec.families', 'expected 1 to 2 items, got 0'),
  },
  { what: 'a password', object: peer({ passwordSecretRef: { name: 'tor-password' } }) },
  {
    what: 'a password from nowhere',
    object: peer({ passwordSecretRef: { key: 'password' } }),
    refused: schema('spec.passwordSecretRef.name', 'is required'),
  },
  { what: 'limits on prefixes', object: peer({ maxPrefixes: { ipv4: 10_000, action: 'Warn' } }) },
  {
    what: 'a limit of nothing',
    object: peer({ maxPrefixes: { ipv4: 0 } }),
    refused: schema('spec.maxPrefixes.ipv4', 'expected an integer from 1 to'),
  },
  { what: 'a shutdown with words', object: peer({ shutdown: { enabled: true, message: 'rack move' } }) },
  {
    what: 'a policy with a name that no object can have',
    object: peer({ importPolicies: ['Accept All'] }),
    refused: schema('spec.importPolicies[0]', 'expected text that matches'),
  },
]

const NEEDS_VALUES = 'In and NotIn need at least one value, Exists and DoesNotExist take none'

const EXTERNAL = 'ExternalIP needs externalIPs, and no other kind of address takes any'

const advertisements: readonly AdmissionCase[] = [
  { what: 'an advertisement of all services', object: advertisement({}) },
  {
    what: 'an advertisement of all addresses of Services',
    object: advertisement({
      service: { addresses: ['LoadBalancerIP', 'ExternalIP', 'ClusterIP'], externalIPs: ['198.51.100.0/24'] },
    }),
  },
  {
    what: 'external IPs without saying which are allowed',
    object: advertisement({ service: { addresses: ['ExternalIP'] } }),
    refused: rule('spec.service.externalIPs', EXTERNAL),
  },
  {
    what: 'allowed external IPs without external IPs',
    object: advertisement({ service: { externalIPs: ['198.51.100.0/24'] } }),
    refused: rule('spec.service.externalIPs', EXTERNAL),
  },
  { what: 'an advertisement of pod CIDRs', object: advertisement({ type: 'PodCIDR' }) },
  { what: 'an advertisement of prefixes', object: advertisement({ type: 'Prefix', prefixes: ['192.0.2.0/24'] }) },
  {
    what: 'an advertisement of type Prefix without prefixes',
    object: advertisement({ type: 'Prefix' }),
    refused: rule('spec.prefixes', 'type Prefix needs prefixes, and no other type takes any'),
  },
  {
    what: 'prefixes with type Service',
    object: advertisement({ prefixes: ['192.0.2.0/24'] }),
    refused: rule('spec.prefixes', 'type Prefix needs prefixes, and no other type takes any'),
  },
  {
    what: 'service settings with type PodCIDR',
    object: advertisement({ type: 'PodCIDR', service: {} }),
    refused: rule('spec.service', 'service goes with type Service only'),
  },
  { what: 'peers by name', object: advertisement({ peers: ['tor-1'] }) },
  { what: 'peers by label', object: advertisement({ peerSelector: { matchLabels: { role: 'tor' } } }) },
  {
    what: 'peers by name and label',
    object: advertisement({ peers: ['tor-1'], peerSelector: { matchLabels: { role: 'tor' } } }),
    refused: rule('spec.peerSelector', 'peers and peerSelector exclude each other'),
  },
  { what: 'a selector with values', object: selecting({ key: 'role', operator: 'In', values: ['tor'] }) },
  { what: 'a selector without values', object: selecting({ key: 'role', operator: 'Exists' }) },
  {
    what: 'a selector that should have values',
    object: selecting({ key: 'role', operator: 'NotIn', values: [] }),
    refused: rule('spec.peerSelector.matchExpressions[0].values', NEEDS_VALUES),
  },
  {
    what: 'a selector that should have none',
    object: selecting({ key: 'role', operator: 'DoesNotExist', values: ['tor'] }),
    refused: rule('spec.peerSelector.matchExpressions[0].values', NEEDS_VALUES),
  },
  {
    what: 'communities of every form',
    object: advertisement({
      attributes: { communities: ['0:0', '65535:65535', 'large:4294967295:0:7', 'no-export', 'no-transit'] },
    }),
  },
  ...['65536:1', '1:65536', '64512', '64512:01', 'large:4294967296:1:1', 'large:1:1', 'No-Export', '1:2:3'].map(
    (community) => ({
      what: `${community}, which is no community`,
      object: advertisement({ attributes: { communities: [community] } }),
      refused: schema('spec.attributes.communities[0]', 'expected text that matches'),
    }),
  ),
]

const policies: readonly AdmissionCase[] = [
  { what: 'a policy without rules', object: object('RoutePolicy', {}) },
  { what: 'the default route', object: policy({ prefixes: [{ prefix: '0.0.0.0/0', minLength: 0, maxLength: 0 }] }) },
  { what: 'everything up to a length', object: policy({ prefixes: [{ prefix: '10.0.0.0/8', maxLength: 24 }] }) },
  {
    what: 'a prefix that is none',
    object: policy({ prefixes: [{ prefix: '10.0.0.0/8/8' }] }),
    refused: rule('spec.rules[0].match.prefixes[0].prefix', 'must be a prefix such as 192.0.2.0/24 or 2001:db8::/64'),
  },
  {
    what: 'a shortest length that the prefix rules out',
    object: policy({ prefixes: [{ prefix: '10.0.0.0/16', minLength: 8 }] }),
    refused: rule('spec.rules[0].match.prefixes[0].minLength', 'must be at least the length of prefix'),
  },
  {
    what: 'a greatest length that the prefix rules out',
    object: policy({ prefixes: [{ prefix: '2001:db8::/48', maxLength: 32 }] }),
    refused: rule('spec.rules[0].match.prefixes[0].maxLength', 'must be at least the length of prefix'),
  },
  {
    what: 'lengths in the wrong order',
    object: policy({ prefixes: [{ prefix: '10.0.0.0/8', minLength: 24, maxLength: 16 }] }),
    refused: rule('spec.rules[0].match.prefixes[0].maxLength', 'must be at least minLength'),
  },
  { what: 'a next hop of our own', object: policy({}, { nextHop: 'Self' }) },
  { what: 'a next hop by address', object: policy({}, { nextHop: '2001:db8::1' }) },
  {
    what: 'a next hop in other words',
    object: policy({}, { nextHop: 'self' }),
    refused: rule('spec.rules[0].set.nextHop', 'must be Self or an IP address'),
  },
  {
    what: 'two rules of one name',
    object: object('RoutePolicy', {
      rules: [
        { name: 'a', action: 'Accept' },
        { name: 'a', action: 'Reject' },
      ],
    }),
    refused: schema('spec.rules[1].name', '"a" stands there twice'),
  },
  {
    what: 'a rule without action',
    object: object('RoutePolicy', { rules: [{ name: 'a' }] }),
    refused: schema('spec.rules[0].action', 'is required'),
  },
  {
    what: 'a condition that nothing can meet',
    object: policy({ communities: { any: [] } }),
    refused: schema('spec.rules[0].match.communities.any', 'expected 1 to 64 items, got 0'),
  },
]

const RANGE = 'must be a prefix, or two addresses of one family joined by a hyphen'

const others: readonly AdmissionCase[] = [
  {
    what: 'a pool of prefixes and ranges',
    object: pool('192.0.2.0/24', '198.51.100.10-198.51.100.20', '2001:db8::/120'),
  },
  {
    what: 'a pool without addresses',
    object: pool(),
    refused: schema('spec.addresses', 'expected 1 to 64 items, got 0'),
  },
  { what: 'a pool of one bare address', object: pool('192.0.2.1'), refused: rule('spec.addresses[0]', RANGE) },
  {
    what: 'a range between families',
    object: pool('192.0.2.1-2001:db8::1'),
    refused: rule('spec.addresses[0]', RANGE),
  },
  {
    what: 'a range of three',
    object: pool('192.0.2.1-192.0.2.2-192.0.2.3'),
    refused: rule('spec.addresses[0]', RANGE),
  },
  {
    what: 'ranges of one address, and over every border',
    object: pool(
      '192.0.2.1-192.0.2.1',
      '192.0.2.255-192.0.3.0',
      '9.0.0.0-10.0.0.0',
      '0.0.0.0-255.255.255.255',
      '2001:db8::ffff-2001:db8::1:0',
      '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:db8:0:0::9-2001:db8::a',
    ),
  },
  ...[
    '192.0.2.2-192.0.2.1',
    '192.0.3.0-192.0.2.255',
    '10.0.0.0-9.255.255.255',
    '2001:db8::a-2001:db8::9',
    '2001:db8:1::-2001:db8::ffff',
    'ffff::-::',
  ].map((range) => ({
    what: `the range ${range}`,
    object: pool(range),
    refused: rule('spec.addresses[0]', 'the last address of a range must not come before the first'),
  })),
]

export const admissionCorpus: readonly AdmissionCase[] = [
  ...routingConfigs,
  ...peers,
  ...advertisements,
  ...policies,
  ...others,
]
