import {
  acceptance,
  acceptedColumn,
  ageColumn,
  asn,
  flag,
  ipAddress,
  labelSelector,
  objectName,
  prefixItem,
  secretRef,
} from './common.ts'
import { COMMUNITY_VALUE } from './communities.ts'
import { defineKind, type ObjectOf } from './kind.ts'
import { array, boolean, integer, integerOrString, object, string } from './schema.ts'

const reflectors = object(
  'Who reflects routes.',
  {
    nodeSelector: labelSelector('Nodes that reflect.', 'none; an empty selector selects none either'),
    addresses: array(
      'Reflectors outside the cluster, or behind addresses of their own.',
      ipAddress('Address of a reflector.', {}),
      { maxItems: 16, default: [] },
    ),
    clusterID: string('CLUSTER_ID of the reflectors (RFC 4456), four octets written as an IPv4 address.', {
      maxLength: 15,
      whenAbsent: 'each reflector uses its BGP identifier',
      rules: [{ rule: 'isIP(self) && ip(self).family() == 4', message: 'must be written as an IPv4 address' }],
    }),
  },
  { default: {} },
)

const topology = object(
  'How the nodes exchange routes among themselves.',
  {
    mode: string(
      'Auto: a full mesh up to maxMeshNodes nodes, then reflectors. FullMesh, Reflectors: always the one. None: only the BGPPeers.',
      { oneOf: ['Auto', 'FullMesh', 'Reflectors', 'None'], default: 'Auto' },
    ),
    maxMeshNodes: integer('Most nodes that form a full mesh in mode Auto.', {
      minimum: 1,
      maximum: 1000,
      default: 50,
    }),
    reflectors,
    advertiseServices: flag(
      'Service addresses go to mesh and reflector sessions too, from every BGPAdvertisement that names no peers.',
      false,
    ),
    passwordSecretRef: secretRef('TCP MD5 password of mesh and reflector sessions; a missing Secret holds them down.'),
    bfdProfile: objectName('BFDProfile of mesh and reflector sessions.', {}),
  },
  { default: {} },
)

const vxlan = object(
  'The VXLAN device of the fallback.',
  {
    vni: integer('VXLAN network identifier.', { minimum: 1, maximum: 16_777_215, default: 4179 }),
    port: integer('UDP port.', { minimum: 1, maximum: 65_535, default: 4789 }),
    mtu: integerOrString('MTU of the device: a number, or auto for that of the underlay less the header.', {
      default: 'auto',
      rules: [
        {
          rule: "type(self) == int ? self >= 1280 && self <= 65535 : self == 'auto'",
          message: 'must be auto or 1280 to 65535',
        },
      ],
    }),
  },
  { default: {} },
)

const podNetwork = object(
  'Routes between pods.',
  {
    advertise: flag('Pod CIDRs go to mesh and reflector sessions.', true),
    install: flag('Learned routes go into the kernel.', true),
    encapsulation: string('Which next hops are reached through VXLAN.', {
      oneOf: ['None', 'CrossSubnet', 'Always'],
      default: 'None',
    }),
    vxlan,
    masquerade: object(
      'Source NAT of traffic that leaves the pod network.',
      {
        enabled: boolean('Masquerade at all.', { whenAbsent: 'true, as soon as this version can do it' }),
        excludeCIDRs: array('Destinations that see pod addresses.', prefixItem, { maxItems: 64, default: [] }),
      },
      { default: {} },
    ),
    cni: object(
      'CNI configuration written for the container runtime.',
      {
        enabled: flag('Write it.', false),
        confDir: string('Folder it is written to.', { maxLength: 256, pattern: '^/', default: '/etc/cni/net.d' }),
      },
      { default: {} },
    ),
  },
  { default: {} },
)

const kernel = object(
  'Where learned routes are installed.',
  {
    table: integer('Routing table.', { minimum: 1, maximum: 4_294_967_294, default: 254 }),
    metric: integer('Metric of the routes.', { minimum: 1, maximum: 4_294_967_295, default: 1024 }),
    protocol: integer('Routing protocol number that marks the routes as ours.', {
      minimum: 5,
      maximum: 255,
      default: 179,
    }),
    maxPaths: integer('Most next hops of one route.', { minimum: 1, maximum: 256, default: 16 }),
    blackholePodCIDR: flag('Pod CIDRs of the node are blackholes, so that traffic to absent pods does not loop.', true),
  },
  { default: {} },
)

const gracefulRestart = object(
  'Graceful restart (RFC 4724).',
  {
    enabled: flag('Offer it to every peer.', true),
    restartSeconds: integer('How long peers may wait for us to come back.', {
      minimum: 1,
      maximum: 4095,
      default: 120,
    }),
    longLivedStaleSeconds: integer(
      'How long stale routes are kept after that, as the last choice: ours by peers, theirs by us where they ask for it (RFC 9494); 0: not at all. With it errors and silence are restarts too (RFC 8538): routes of a host that is dead stay for restartSeconds.',
      {
        minimum: 0,
        maximum: 16_777_215,
        default: 0,
      },
    ),
    longLivedPartialDeployment: flag(
      'Routes that are kept so are told to internal peers that do not know of them too, with local preference 0 and NO_EXPORT (RFC 9494, section 4.6). Otherwise such peers lose them.',
      false,
    ),
  },
  { default: {} },
)

export const routingConfig = defineKind({
  kind: 'RoutingConfig',
  plural: 'routingconfigs',
  shortNames: ['rc'],
  description: 'What all nodes have in common. There is one, named default.',
  rules: [
    {
      rule: "self.metadata.name == 'default'",
      message: 'the one RoutingConfig is named default',
    },
  ],
  spec: object(
    'What all nodes have in common.',
    {
      asn: asn('AS of the cluster; a node overrides it by the annotation routelet.io/asn.', { required: true }),
      routerID: object(
        'Where the BGP identifier of a node comes from; a node overrides it by the annotation routelet.io/router-id.',
        {
          mode: string(
            'NodeIP: the first IPv4 InternalIP of the node, or as Hash where it has none. Hash: from its name.',
            {
              oneOf: ['NodeIP', 'Hash'],
              default: 'NodeIP',
            },
          ),
        },
        { default: {} },
      ),
      listenPort: integer('TCP port to listen on; 0: never listens.', { minimum: 0, maximum: 65_535, default: 179 }),
      topology,
      podNetwork,
      kernel,
      gracefulRestart,
      drain: object(
        'How a node takes its leave.',
        {
          gracefulShutdownSeconds: integer('How long routes carry GRACEFUL_SHUTDOWN (RFC 8326) before they go.', {
            minimum: 0,
            maximum: 600,
            whenAbsent: '5, as soon as this version can do it',
          }),
          onCordon: flag('A cordoned node drains.', false),
        },
        { default: {} },
      ),
      communityAliases: array(
        'Names that communities may be called by.',
        object(
          'A name and what it stands for.',
          {
            name: string('The name.', {
              minLength: 1,
              maxLength: 63,
              pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
              required: true,
            }),
            value: string('A community (64512:100) or large community (large:64512:1:2).', {
              minLength: 3,
              maxLength: 40,
              pattern: COMMUNITY_VALUE,
              required: true,
            }),
          },
          {},
        ),
        {
          maxItems: 64,
          mapKey: 'name',
          default: [],
        },
      ),
    },
    { required: true },
  ),
  status: acceptance,
  columns: [
    { name: 'ASN', type: 'integer', path: '.spec.asn' },
    { name: 'Topology', type: 'string', path: '.spec.topology.mode' },
    acceptedColumn,
    ageColumn,
  ],
})

export type RoutingConfig = ObjectOf<typeof routingConfig>
