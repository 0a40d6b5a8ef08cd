import { ageColumn, conditions } from './common.ts'
import type { Kind } from './kind.ts'
import { array, integer, object, string, type ValueOf } from './schema.ts'

const counter = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const word = (description: string) => string(description, { maxLength: 255 })

const session = object(
  'One BGP session.',
  {
    peer: string('Name of the peer.', { minLength: 1, maxLength: 640, required: true }),
    address: word('Address of the peer.'),
    localAddress: word('Own address of the session.'),
    peerASN: word('AS of the peer: a number, internal or external.'),
    localASN: integer('AS that we call ourselves.', counter),
    type: word('internal, external or unknown.'),
    state: string('State of RFC 4271.', {
      oneOf: ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'],
      required: true,
    }),
    idleReason: string('Why it is not trying.', { maxLength: 1024 }),
    since: string('When the state last changed.', { format: 'date-time', maxLength: 64 }),
    timesEstablished: integer('How often it came up.', counter),
    lastError: object(
      'How the session last ended.',
      {
        direction: word('sent, received or transport.'),
        code: integer('Code of the NOTIFICATION.', { minimum: 0, maximum: 255 }),
        subcode: integer('Its subcode.', { minimum: 0, maximum: 255 }),
        text: string('In words.', { maxLength: 1024 }),
        time: string('When.', { format: 'date-time', maxLength: 64 }),
      },
      {},
    ),
    capabilities: array('Capabilities both sides have.', word('A capability.'), { maxItems: 64 }),
    families: array(
      'Prefixes per address family.',
      object(
        'One address family.',
        {
          family: string('Its name.', { maxLength: 32, required: true }),
          received: integer('Prefixes received.', counter),
          accepted: integer('Prefixes accepted by policy.', counter),
          advertised: integer('Prefixes advertised.', counter),
        },
        {},
      ),
      { maxItems: 8, mapKey: 'family' },
    ),
  },
  {},
)

const status = object(
  'What the agent of the node reports.',
  {
    conditions,
    observedConfiguration: object(
      'The configuration in force.',
      {
        asn: integer('AS of the node.', counter),
        bgpIdentifier: word('BGP identifier of the node.'),
        routingConfigGeneration: integer('Generation of the RoutingConfig.', counter),
      },
      {},
    ),
    sessions: array('BGP sessions.', session, { maxItems: 1024, mapKey: 'peer' }),
    routes: object(
      'Number of routes.',
      {
        ipv4: integer('IPv4 routes in the RIB.', counter),
        ipv6: integer('IPv6 routes in the RIB.', counter),
        kernelWanted: integer('Routes that should be in the kernel.', counter),
        kernelInstalled: integer('Routes that are.', counter),
        kernelFailed: integer('Routes the kernel did not take.', counter),
        kernelRefused: integer('Routes never installed, for safety.', counter),
      },
      {},
    ),
    establishedSessions: word('Sessions that are established, of all.'),
    announcedAddresses: array('Service addresses announced by this node.', word('A prefix.'), { maxItems: 16_384 }),
  },
  {},
)

export const nodeRouting: Kind<'NodeRouting'> = {
  kind: 'NodeRouting',
  plural: 'noderoutings',
  shortNames: ['nr'],
  description: 'State of routing on one node, written by its agent and named as the node.',
  status,
  columns: [
    { name: 'Ready', type: 'string', path: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Sessions', type: 'string', path: '.status.establishedSessions' },
    { name: 'IPv4 routes', type: 'integer', path: '.status.routes.ipv4' },
    { name: 'IPv6 routes', type: 'integer', path: '.status.routes.ipv6' },
    { name: 'Degraded', type: 'string', path: '.status.conditions[?(@.type=="Degraded")].status', priority: 1 },
    ageColumn,
  ],
}

export type NodeRoutingStatus = ValueOf<typeof status>
