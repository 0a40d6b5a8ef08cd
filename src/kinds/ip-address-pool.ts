import { acceptedColumn, ageColumn, conditions, flag, labelSelector } from './common.ts'
import { defineKind, type ObjectOf } from './kind.ts'
import { array, integer, object, string } from './schema.ts'

/** `/24 /23`: each length and the one before it, as text that the API server knows the size of, and so the cost. */
const LENGTHS = Array.from({ length: 128 }, (_, i) => `'/${i + 1} /${i}'`).join(', ')
const [LENGTH, SHORTER] = ["n.substring(0, n.indexOf(' '))", "n.substring(n.indexOf(' ') + 1)"]

/**
 * CEL does not compare addresses. One comes before another where, at the first bit they differ in, it has a 0: its
 * prefix up to that bit has the address of the other's prefix one bit shorter, and does not hold the other.
 */
const COMES_BEFORE = `isCIDR(first + ${LENGTH}) && cidr(first + ${LENGTH}).masked().ip() == cidr(last + ${SHORTER}).masked().ip() && !cidr(first + ${LENGTH}).containsIP(last)`

const IN_ORDER = [
  "isCIDR(self) || self.split('-').size() != 2 || !self.split('-').all(end, isIP(end))",
  `[self.substring(0, self.indexOf('-'))].all(first, [self.substring(self.indexOf('-') + 1)].all(last, ip(first).family() != ip(last).family() || ip(first) == ip(last) || [${LENGTHS}].exists(n, ${COMES_BEFORE})))`,
].join(' || ')

const range = string('A prefix (192.0.2.0/24) or a range (198.51.100.10-198.51.100.20).', {
  minLength: 3,
  maxLength: 91,
  rules: [
    {
      rule: "isCIDR(self) || (self.split('-').size() == 2 && self.split('-').all(end, isIP(end)) && ip(self.split('-')[0]).family() == ip(self.split('-')[1]).family())",
      message: 'must be a prefix, or two addresses of one family joined by a hyphen',
    },
    { rule: IN_ORDER, message: 'the last address of a range must not come before the first' },
  ],
})

const count = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER }

function usage(description: string) {
  return object(
    description,
    {
      total: integer('Addresses that can be given out; no more than 2^53 - 1 are counted.', count),
      assigned: integer('Addresses that Services have.', count),
      free: integer('Addresses that no Service has, resting ones among them.', count),
    },
    {},
  )
}

export const ipAddressPool = defineKind({
  kind: 'IPAddressPool',
  plural: 'ipaddresspools',
  shortNames: ['pool'],
  description: 'Addresses for Services of type LoadBalancer.',
  spec: object(
    'The addresses, and who may have them.',
    {
      addresses: array('The addresses, taken in this order.', range, { minItems: 1, maxItems: 64, required: true }),
      autoAssign: flag('Services that ask for no pool may get addresses from here.', true),
      avoidFirstLast: flag('The first and the last address of each IPv4 prefix are not given out.', false),
      priority: integer('Pools with smaller numbers are tried first.', {
        minimum: 0,
        maximum: 1_000_000,
        default: 100,
      }),
      namespaceSelector: labelSelector('Labels of the namespaces whose Services may have addresses.', 'all namespaces'),
      serviceSelector: labelSelector('Labels of the Services that may have addresses.', 'all Services'),
      reuseDelaySeconds: integer(
        'How long an address that was given back rests before another Service gets it unasked.',
        { minimum: 0, maximum: 86_400, default: 60 },
      ),
      onRemoval: string(
        'What this pool does for a Service that may use it and whose address is in no pool any more: Keep leaves the address in place, with a condition on the Service; Reassign gives an address of this pool instead.',
        { oneOf: ['Keep', 'Reassign'], default: 'Keep' },
      ),
    },
    { required: true },
  ),
  status: object(
    'What the agents and the controller say of this object.',
    {
      conditions,
      ipv4: usage('IPv4 addresses.'),
      ipv6: usage('IPv6 addresses.'),
      resting: array(
        'Addresses that were given back, so that the next controller lets them rest too.',
        object(
          'An address.',
          {
            address: string('The address.', { maxLength: 45, required: true }),
            until: string('When it has rested.', { format: 'date-time', maxLength: 64, required: true }),
          },
          {},
        ),
        { maxItems: 4096, mapKey: 'address' },
      ),
    },
    {},
  ),
  columns: [
    { name: 'Addresses', type: 'string', path: '.spec.addresses' },
    { name: 'Free IPv4', type: 'integer', path: '.status.ipv4.free' },
    { name: 'Free IPv6', type: 'integer', path: '.status.ipv6.free' },
    { name: 'Auto assign', type: 'boolean', path: '.spec.autoAssign' },
    acceptedColumn,
    ageColumn,
  ],
})

export type IPAddressPool = ObjectOf<typeof ipAddressPool>
