import {
  acceptance,
  acceptedColumn,
  ageColumn,
  flag,
  labelSelector,
  nodeSelectors,
  objectNames,
  prefixItem,
} from './common.ts'
import { communityItem } from './communities.ts'
import { defineKind, type ObjectOf } from './kind.ts'
import { array, integer, object, string } from './schema.ts'

const service = object(
  'Which service addresses; with type Service only.',
  {
    addresses: array(
      'Which of the addresses of a Service. LoadBalancerIP and ExternalIP go by its externalTrafficPolicy, ClusterIP by its internalTrafficPolicy.',
      string('A kind of address.', { oneOf: ['LoadBalancerIP', 'ExternalIP', 'ClusterIP'] }),
      { minItems: 1, maxItems: 3, default: ['LoadBalancerIP'] },
    ),
    selector: labelSelector('Labels of the Service.', 'all Services'),
    namespaceSelector: labelSelector(
      'Labels of the namespace of the Service, kubernetes.io/metadata.name among them.',
      'all namespaces',
    ),
    pools: objectNames('IPAddressPools a LoadBalancerIP must be in; none: any LoadBalancerIP.'),
    externalIPs: array(
      'Prefixes that an ExternalIP must be in; whoever may write a Service may give it any ExternalIP.',
      prefixItem,
      { maxItems: 256, default: [] },
    ),
    aggregationLengthIPv4: integer('IPv4 addresses are announced as prefixes of this length.', {
      minimum: 8,
      maximum: 32,
      default: 32,
    }),
    aggregationLengthIPv6: integer('IPv6 addresses are announced as prefixes of this length.', {
      minimum: 16,
      maximum: 128,
      default: 128,
    }),
    announceWithoutEndpoints: flag(
      'A Service none of whose endpoints serves is announced all the same, by every selected node.',
      false,
    ),
    weightByLocalEndpoints: flag(
      'The number of local endpoints goes along as link bandwidth, so that routers can balance by it.',
      false,
    ),
  },
  {
    rules: [
      {
        rule: "('ExternalIP' in self.addresses) == (self.externalIPs.size() > 0)",
        message: 'ExternalIP needs externalIPs, and no other kind of address takes any',
        fieldPath: '.externalIPs',
      },
    ],
  },
)

const attributes = object(
  'Attributes of the routes.',
  {
    communities: array('Communities of the routes.', communityItem, { maxItems: 64, default: [] }),
    localPref: integer('LOCAL_PREF, for internal peers.', {
      minimum: 0,
      maximum: 4_294_967_295,
      whenAbsent: '100',
    }),
    med: integer('MULTI_EXIT_DISC.', { minimum: 0, maximum: 4_294_967_295, whenAbsent: 'none is sent' }),
    asPathPrepend: integer('Our AS stands this many times more in the AS_PATH.', {
      minimum: 0,
      maximum: 16,
      whenAbsent: '0',
    }),
  },
  { default: {} },
)

export const bgpAdvertisement = defineKind({
  kind: 'BGPAdvertisement',
  plural: 'bgpadvertisements',
  shortNames: ['adv'],
  description: 'What the selected nodes announce to the selected peers.',
  spec: object(
    'What is announced, by whom, to whom and how.',
    {
      type: string(
        'PodCIDR: the pod CIDRs of the node. Service: addresses of Services. Prefix: the prefixes listed here.',
        { oneOf: ['PodCIDR', 'Service', 'Prefix'], required: true },
      ),
      service,
      prefixes: array('Prefixes announced as they are; with type Prefix only.', prefixItem, {
        maxItems: 256,
        default: [],
      }),
      nodeSelectors: nodeSelectors('Nodes that announce.'),
      peers: objectNames('BGPPeers that are told; none: all that peerSelector selects.'),
      peerSelector: labelSelector('Labels of the BGPPeers that are told.', 'all BGPPeers'),
      attributes,
    },
    {
      required: true,
      rules: [
        {
          rule: "self.type == 'Service' || !has(self.service)",
          message: 'service goes with type Service only',
          fieldPath: '.service',
        },
        {
          rule: "(self.type == 'Prefix') == (self.prefixes.size() > 0)",
          message: 'type Prefix needs prefixes, and no other type takes any',
          fieldPath: '.prefixes',
        },
        {
          rule: '!(has(self.peerSelector) && self.peers.size() > 0)',
          message: 'peers and peerSelector exclude each other',
          fieldPath: '.peerSelector',
        },
      ],
    },
  ),
  status: acceptance,
  columns: [{ name: 'Type', type: 'string', path: '.spec.type' }, acceptedColumn, ageColumn],
})

export type BGPAdvertisement = ObjectOf<typeof bgpAdvertisement>
