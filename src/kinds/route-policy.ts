import { acceptance, acceptedColumn, ageColumn, asn, familyItem, ipPrefix, prefixItem } from './common.ts'
import { communityItem } from './communities.ts'
import { defineKind, type ObjectOf } from './kind.ts'
import { array, integer, object, string } from './schema.ts'

const communityList = (description: string) => array(description, communityItem, { minItems: 1, maxItems: 64 })
const asnList = (description: string) => array(description, asn('An AS.', {}), { minItems: 1, maxItems: 64 })
const lengthBound = { minimum: 0, maximum: 128 }
const attributeValue = { minimum: 0, maximum: 4_294_967_295 }

const prefixMatch = object(
  'Prefixes inside one prefix, by their length.',
  {
    prefix: ipPrefix('The route lies inside this prefix.', { required: true }),
    minLength: integer('Shortest length.', {
      ...lengthBound,
      whenAbsent: 'the length of prefix',
    }),
    maxLength: integer('Greatest length.', {
      ...lengthBound,
      whenAbsent: 'the length of prefix; with minLength the longest there is',
    }),
  },
  {
    rules: [
      {
        rule: '!(isCIDR(self.prefix) && has(self.minLength)) || self.minLength >= cidr(self.prefix).prefixLength()',
        message: 'must be at least the length of prefix',
        fieldPath: '.minLength',
      },
      {
        rule: '!(isCIDR(self.prefix) && has(self.maxLength)) || self.maxLength >= cidr(self.prefix).prefixLength()',
        message: 'must be at least the length of prefix',
        fieldPath: '.maxLength',
      },
      {
        rule: '!(has(self.minLength) && has(self.maxLength)) || self.minLength <= self.maxLength',
        message: 'must be at least minLength',
        fieldPath: '.maxLength',
      },
    ],
  },
)

const match = object(
  'What a route must be; every field given must hold.',
  {
    families: array('One of these address families.', familyItem, { minItems: 1, maxItems: 2 }),
    prefixes: array('One of these prefixes.', prefixMatch, { minItems: 1, maxItems: 256 }),
    communities: object(
      'Its communities.',
      {
        any: communityList('At least one of these.'),
        all: communityList('All of these.'),
        none: communityList('None of these.'),
      },
      {},
    ),
    asPath: object(
      'Its AS_PATH.',
      {
        contains: asnList('One of these stands in it.'),
        originates: asnList('It ends in one of these.'),
        maxLength: integer('It is at most this long.', { minimum: 0, maximum: 1024 }),
      },
      {},
    ),
    nextHops: array('Its next hop lies in one of these.', prefixItem, { minItems: 1, maxItems: 64 }),
    source: string('Where it is from. Local: our own. Internal, External: learned from such a peer.', {
      oneOf: ['Any', 'Local', 'Internal', 'External'],
      default: 'Any',
    }),
  },
  { default: {} },
)

const set = object(
  'What is changed in a route that matches.',
  {
    localPref: integer('LOCAL_PREF.', attributeValue),
    med: integer('MULTI_EXIT_DISC.', attributeValue),
    addCommunities: communityList('Communities added.'),
    removeCommunities: communityList('Communities removed.'),
    prepend: object(
      'AS_PATH made longer.',
      {
        asn: asn('This AS.', { required: true }),
        times: integer('This many times.', { minimum: 1, maximum: 16, default: 1 }),
      },
      {},
    ),
    nextHop: string('Next hop: Self or an address.', {
      maxLength: 45,
      rules: [{ rule: "self == 'Self' || isIP(self)", message: 'must be Self or an IP address' }],
    }),
    kernelMetric: integer('Metric of the kernel route made of it.', { minimum: 1, maximum: 4_294_967_295 }),
  },
  { default: {} },
)

export const routePolicy = defineKind({
  kind: 'RoutePolicy',
  plural: 'routepolicies',
  shortNames: ['rp'],
  description:
    'Ordered rules on routes, for the importPolicies and exportPolicies of BGPPeers. The first match decides.',
  spec: object(
    'The rules.',
    {
      rules: array(
        'Tried in order.',
        object(
          'One rule.',
          {
            name: string('Name of the rule, shown where it decides.', { minLength: 1, maxLength: 63, required: true }),
            match,
            set,
            action: string('Continue: make the changes and try the next rule.', {
              oneOf: ['Accept', 'Reject', 'Continue'],
              required: true,
            }),
          },
          {},
        ),
        { maxItems: 128, mapKey: 'name', default: [] },
      ),
      defaultAction: string('What happens to a route that no rule decides.', {
        oneOf: ['Accept', 'Reject'],
        default: 'Reject',
      }),
    },
    { required: true },
  ),
  status: acceptance,
  columns: [{ name: 'Default', type: 'string', path: '.spec.defaultAction' }, acceptedColumn, ageColumn],
})

export type RoutePolicy = ObjectOf<typeof routePolicy>
