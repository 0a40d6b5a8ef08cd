import {
  acceptance,
  acceptedColumn,
  ageColumn,
  asn,
  exactlyOne,
  FAMILIES,
  familyItem,
  flag,
  ipAddress,
  ipPrefix,
  labelSelector,
  nodeSelectors,
  notBoth,
  objectName,
  objectNames,
  secretRef,
} from './common.ts'
import { defineKind, type ObjectOf } from './kind.ts'
import { array, integer, object, string } from './schema.ts'

const timers = object(
  'Timers of the session (RFC 4271).',
  {
    holdSeconds: integer('Hold time offered; 0: no keepalives, the session never times out.', {
      minimum: 0,
      maximum: 65_535,
      default: 90,
      rules: [{ rule: 'self == 0 || self >= 3', message: 'must be 0 or at least 3' }],
    }),
    keepaliveSeconds: integer('Time between keepalives; a third of the agreed hold time where that is less.', {
      minimum: 1,
      maximum: 21_845,
      default: 30,
    }),
    connectRetrySeconds: integer('Time between attempts to connect.', { minimum: 1, maximum: 3600, default: 5 }),
  },
  {
    default: {},
    rules: [
      {
        rule: 'self.holdSeconds == 0 || self.keepaliveSeconds < self.holdSeconds',
        message: 'keepaliveSeconds must be less than holdSeconds',
        fieldPath: '.keepaliveSeconds',
      },
    ],
  },
)

const prefixLimit = { minimum: 1, maximum: 10_000_000 }

const maxPrefixes = object(
  'How many prefixes the peer may send; of one that sends several paths per prefix (addPath) each path counts. Routes that have been here before, by AS path, ORIGINATOR_ID or cluster list, are counted apart: a peer may tell back as many again.',
  {
    ipv4: integer('Most IPv4 prefixes.', { ...prefixLimit, whenAbsent: 'no limit' }),
    ipv6: integer('Most IPv6 prefixes.', { ...prefixLimit, whenAbsent: 'no limit' }),
    warnPercent: integer('A warning is given at this share of the limit.', { minimum: 1, maximum: 100, default: 80 }),
    action: string(
      'What happens above the limit. Warn: nothing more. Discard: what is over is dropped. Restart: the session is closed for restartSeconds. Shutdown: it stays closed.',
      { oneOf: ['Warn', 'Discard', 'Restart', 'Shutdown'], default: 'Restart' },
    ),
    restartSeconds: integer('How long the session stays closed with the action Restart.', {
      minimum: 1,
      maximum: 65_535,
      default: 300,
    }),
  },
  {},
)

export const bgpPeer = defineKind({
  kind: 'BGPPeer',
  plural: 'bgppeers',
  shortNames: ['peer'],
  description: 'A BGP session of the selected nodes, or a range of addresses from which sessions are accepted.',
  spec: object(
    'The session.',
    {
      nodeSelectors: nodeSelectors('Nodes that have this peer.'),
      address: ipAddress('Address of the peer.', {}),
      interface: string('The peer is the router on this link, by its IPv6 link-local address (unnumbered).', {
        minLength: 1,
        maxLength: 15,
        pattern: '^[^/ ]+$',
      }),
      listenRange: ipPrefix('Sessions are accepted from any address in this prefix (dynamic neighbours).', {}),
      peerNodeSelector: labelSelector('Every selected node but oneself is a peer.', 'not a peer of nodes'),
      peerASN: asn('AS of the peer.', {}),
      peerASNType: string('Internal: the AS of the node. External: any other.', { oneOf: ['Internal', 'External'] }),
      localASN: asn('AS that we call ourselves on this session.', {}),
      port: integer('TCP port of the peer.', {
        minimum: 1,
        maximum: 65_535,
        whenAbsent: '179; where the peers are nodes, the listenPort of the RoutingConfig',
      }),
      sourceAddress: ipAddress('Own address of the session.', {}),
      passive: flag('Never connect, only accept.', false),
      families: array('Address families offered.', familyItem, { minItems: 1, maxItems: 2, default: FAMILIES }),
      extendedNextHop: flag('IPv4 routes with IPv6 next hops, where the peer can do it too (RFC 8950).', true),
      timers,
      passwordSecretRef: secretRef('TCP MD5 password (RFC 2385); a missing Secret holds the session down.'),
      ebgpMultihopTTL: integer('TTL of the packets sent to an external peer that is not on a local link.', {
        minimum: 1,
        maximum: 255,
        whenAbsent: '1 to external peers, the default of the system to internal ones',
      }),
      ttlSecurityHops: integer(
        'The peer is at most this many hops away; packets from further are dropped (GTSM, RFC 5082).',
        {
          minimum: 1,
          maximum: 254,
        },
      ),
      bfdProfile: objectName('BFDProfile of the session.', {}),
      routeReflectorClient: flag('The peer is a client of this route reflector (RFC 4456).', false),
      addPath: object(
        'Several paths per prefix (RFC 7911), where the peer can do it too.',
        {
          send: integer('Most paths sent per prefix, the best ones; 1: the best one, without path identifiers.', {
            minimum: 1,
            maximum: 65_535,
            default: 1,
          }),
          receive: flag('Take several paths per prefix.', false),
        },
        {},
      ),
      nextHop: string(
        'Next hop of what is sent. Auto: as RFC 4271 says. Self: always our own. Keep: as it was received.',
        {
          oneOf: ['Auto', 'Self', 'Keep'],
          default: 'Auto',
        },
      ),
      role: string(
        'What we are to the peer, which must be external (RFC 9234); a peer that tells a role that does not fit is refused.',
        {
          oneOf: ['Provider', 'Customer', 'Peer', 'RouteServer', 'RouteServerClient'],
        },
      ),
      allowOwnASN: integer('Our own AS may stand this many times in a received AS_PATH.', {
        minimum: 0,
        maximum: 10,
        default: 0,
      }),
      maxPrefixes,
      importPolicies: objectNames(
        'RoutePolicies for what is received, in order.',
        'internal peers: everything is accepted; external ones: nothing (RFC 8212)',
      ),
      exportPolicies: objectNames(
        'RoutePolicies for what is sent, in order; they apply after the BGPAdvertisements.',
        'internal peers: everything is passed on; external ones: only what BGPAdvertisements name (RFC 8212)',
      ),
      shutdown: object(
        'Administrative shutdown.',
        {
          enabled: flag('The session is closed and stays so.', false),
          message: string('Text sent to the peer (RFC 9003), at most 255 octets.', { maxLength: 255, default: '' }),
        },
        { default: {} },
      ),
    },
    {
      required: true,
      rules: [
        exactlyOne(
          ['address', 'interface', 'listenRange', 'peerNodeSelector'],
          'exactly one of address, interface, listenRange and peerNodeSelector is needed',
        ),
        exactlyOne(['peerASN', 'peerASNType'], 'exactly one of peerASN and peerASNType is needed'),
        notBoth('ebgpMultihopTTL', 'ttlSecurityHops'),
        {
          rule: "!has(self.role) || !has(self.peerASNType) || self.peerASNType == 'External'",
          message: 'only external peers have a role',
          fieldPath: '.role',
        },
        {
          rule: '!has(self.listenRange) || !self.passive',
          message: 'a listenRange is passive by nature: leave it out',
          fieldPath: '.passive',
        },
        {
          rule: '!has(self.listenRange) || !has(self.sourceAddress)',
          message: 'a listenRange is accepted on every own address: leave it out',
          fieldPath: '.sourceAddress',
        },
        {
          rule: '!(has(self.address) && has(self.sourceAddress)) || ip(self.address).family() == ip(self.sourceAddress).family()',
          message: 'must be of the same address family as address',
          fieldPath: '.sourceAddress',
        },
      ],
    },
  ),
  status: acceptance,
  columns: [
    { name: 'Address', type: 'string', path: '.spec.address' },
    { name: 'Peer ASN', type: 'integer', path: '.spec.peerASN' },
    { name: 'Range', type: 'string', path: '.spec.listenRange', priority: 1 },
    { name: 'Shutdown', type: 'boolean', path: '.spec.shutdown.enabled', priority: 1 },
    acceptedColumn,
    ageColumn,
  ],
})

export type BGPPeer = ObjectOf<typeof bgpPeer>
