import { ipAddress, ipPrefix } from '../kinds/common.ts'
import { metadata } from '../kinds/kind.ts'
import { array, boolean, integer, map, object, type Schema, string, type ValueOf } from '../kinds/schema.ts'

/** What we read of the kinds of Kubernetes. Other fields are dropped; the ones we use are checked. */

const MANY = 100_000
const text = string('Text.', { maxLength: 1_048_576 })
const requiredText = string('Text.', { maxLength: 1_048_576, required: true })
const address = ipAddress('An address.', {})
const prefix = ipPrefix('A prefix.', {})

function list<S extends Schema>(items: S) {
  return array('A list.', items, { maxItems: MANY, default: [] })
}

const node = object(
  'A node.',
  {
    metadata,
    spec: object(
      'Its spec.',
      { podCIDRs: list(prefix), podCIDR: string('The only pod CIDR, of old nodes.', { maxLength: 49 }) },
      { default: {}, lenient: true },
    ),
    status: object(
      'Its status.',
      {
        addresses: list(object('An address.', { type: requiredText, address: requiredText }, { lenient: true })),
        conditions: list(object('A condition.', { type: requiredText, status: requiredText }, { lenient: true })),
      },
      { default: {}, lenient: true },
    ),
  },
  { lenient: true },
)

const ingress = object(
  'An address given to the Service.',
  { ip: ipAddress('The address.', {}), ipMode: string('VIP or Proxy.', { maxLength: 16 }) },
  { lenient: true },
)

const servicePort = object(
  'A port of the Service.',
  {
    port: integer('Its number.', { minimum: 1, maximum: 65_535, required: true }),
    protocol: string('TCP, UDP or SCTP.', { maxLength: 16, default: 'TCP' }),
  },
  { lenient: true },
)

const service = object(
  'A Service.',
  {
    metadata,
    spec: object(
      'Its spec.',
      {
        type: string('ClusterIP, NodePort, LoadBalancer or ExternalName.', { maxLength: 32, default: 'ClusterIP' }),
        externalTrafficPolicy: string('Who may serve.', { oneOf: ['Cluster', 'Local'], default: 'Cluster' }),
        internalTrafficPolicy: string('Who may serve from inside.', {
          oneOf: ['Cluster', 'Local'],
          default: 'Cluster',
        }),
        loadBalancerClass: string('Whose load balancer it is.', { maxLength: 316 }),
        clusterIPs: list(text),
        externalIPs: list(address),
        ipFamilies: list(text),
        ipFamilyPolicy: string('One family or two.', { maxLength: 32, default: 'SingleStack' }),
        loadBalancerIP: text,
        ports: list(servicePort),
        selector: map('Labels of the pods.', text, { maxProperties: 1024, default: {} }),
      },
      { default: {}, lenient: true },
    ),
    status: object(
      'Its status.',
      { loadBalancer: object('Load balancer.', { ingress: list(ingress) }, { default: {}, lenient: true }) },
      { default: {}, lenient: true },
    ),
  },
  { lenient: true },
)

const endpointSlice = object(
  'Endpoints of a Service.',
  {
    metadata,
    addressType: string('IPv4, IPv6 or FQDN.', { maxLength: 16, default: 'IPv4' }),
    endpoints: list(
      object(
        'An endpoint.',
        {
          addresses: list(text),
          nodeName: text,
          conditions: object(
            'Its conditions.',
            {
              ready: boolean('Ready.', {}),
              serving: boolean('Serving.', {}),
              terminating: boolean('Terminating.', {}),
            },
            { default: {}, lenient: true },
          ),
        },
        { lenient: true },
      ),
    ),
  },
  { lenient: true },
)

const secret = object(
  'A Secret.',
  {
    metadata,
    data: map('Values in base64.', text, { maxProperties: 10_000, default: {} }),
    stringData: map('Values as they are; in files only.', text, { maxProperties: 10_000, default: {} }),
  },
  { lenient: true },
)

const namespace = object('A namespace.', { metadata }, { lenient: true })

export const coreKinds = {
  Node: { apiVersion: 'v1', schema: node },
  Service: { apiVersion: 'v1', schema: service },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', schema: endpointSlice },
  Secret: { apiVersion: 'v1', schema: secret },
  Namespace: { apiVersion: 'v1', schema: namespace },
} as const

export type Node = { readonly kind: 'Node' } & ValueOf<typeof node>
export type Service = { readonly kind: 'Service' } & ValueOf<typeof service>
export type EndpointSlice = { readonly kind: 'EndpointSlice' } & ValueOf<typeof endpointSlice>
export type Secret = { readonly kind: 'Secret' } & ValueOf<typeof secret>
export type Namespace = { readonly kind: 'Namespace' } & ValueOf<typeof namespace>
