import { array, boolean, integer, map, object, type Rule, string, type ValueOf } from './schema.ts'

/** Fields that several kinds have in common. */

type Presence = { readonly required?: true }

export const MAX_ASN = 4_294_967_295

const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const DNS_NAME = `^${DNS_LABEL}(\\.${DNS_LABEL})*$`

export function asn<const O extends Presence>(description: string, options: O) {
  return integer(description, { minimum: 1, maximum: MAX_ASN, ...options })
}

export function ipAddress<const O extends Presence>(description: string, options: O) {
  return string(description, {
    maxLength: 45,
    rules: [{ rule: 'isIP(self)', message: 'must be an IPv4 or IPv6 address' }],
    ...options,
  })
}

export function ipPrefix<const O extends Presence>(description: string, options: O) {
  return string(description, {
    maxLength: 49,
    rules: [{ rule: 'isCIDR(self)', message: 'must be a prefix such as 192.0.2.0/24 or 2001:db8::/64' }],
    ...options,
  })
}

/** An item of a list of prefixes, addresses or the like stands for itself: it has no presence of its own. */
export const prefixItem = ipPrefix('A prefix; bits beyond its length are taken as zero.', {})

/** Name of another object. */
export function objectName<const O extends Presence>(description: string, options: O) {
  return string(description, { minLength: 1, maxLength: 253, pattern: DNS_NAME, ...options })
}

export function objectNames(description: string, whenAbsent?: string) {
  return array(description, objectName('Name of an object.', {}), {
    maxItems: 64,
    default: [],
    ...(whenAbsent !== undefined && { whenAbsent }),
  })
}

export const FAMILIES = ['ipv4-unicast', 'ipv6-unicast'] as const
export type FamilyChoice = (typeof FAMILIES)[number]

export const familyItem = string('An address family.', { oneOf: FAMILIES })

const labelKey = string('Key of a label.', {
  minLength: 1,
  maxLength: 317,
  pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
  required: true,
})
const labelValue = string('Value of a label.', {
  maxLength: 63,
  pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$',
})

const expression = object(
  'One requirement on a label.',
  {
    key: labelKey,
    operator: string('How the label is compared.', {
      oneOf: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
      required: true,
    }),
    values: array('Values to compare with; for In and NotIn only.', labelValue, { maxItems: 64 }),
  },
  {
    rules: [
      {
        rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
        message: 'In and NotIn need at least one value, Exists and DoesNotExist take none',
        fieldPath: '.values',
      },
    ],
  },
)

const selectorFields = {
  matchLabels: map('Labels that must all be there with these values.', labelValue, { maxProperties: 32 }),
  matchExpressions: array('Requirements that must all be met.', expression, { maxItems: 32 }),
}

/** The label selector of Kubernetes; an empty one selects everything. */
export function labelSelector(description: string, whenAbsent: string) {
  return object(description, selectorFields, { whenAbsent })
}

export type LabelSelector = ValueOf<ReturnType<typeof labelSelector>>

const selectorItem = object('A label selector.', selectorFields, {})

export function nodeSelectors(description: string) {
  return array(`${description} Several selectors are alternatives; none: every node.`, selectorItem, {
    maxItems: 32,
    default: [],
  })
}

export function secretRef(description: string) {
  return object(
    description,
    {
      name: objectName('Name of the Secret in the namespace of routelet.', { required: true }),
      key: string('Key in the Secret whose value is the password, at most 80 octets.', {
        minLength: 1,
        maxLength: 253,
        pattern: '^[-._a-zA-Z0-9]+$',
        default: 'password',
      }),
    },
    {},
  )
}

export type SecretRef = ValueOf<ReturnType<typeof secretRef>>

export const conditions = array(
  'What is to be said of the object.',
  object(
    'One condition, in the form common to Kubernetes.',
    {
      type: string('What the condition is about.', { minLength: 1, maxLength: 316, required: true }),
      status: string('Whether it holds.', { oneOf: ['True', 'False', 'Unknown'], required: true }),
      reason: string('Why, in one word.', { minLength: 1, maxLength: 1024, required: true }),
      message: string('Why, in a sentence.', { maxLength: 32_768, required: true }),
      observedGeneration: integer('The generation of the object that was judged.', {
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
      }),
      lastTransitionTime: string('When the status last changed.', {
        format: 'date-time',
        maxLength: 64,
        required: true,
      }),
    },
    {},
  ),
  { maxItems: 16, mapKey: 'type' },
)

export type Condition = NonNullable<ValueOf<typeof conditions>>[number]

/** The status of the kinds that people write. */
export const acceptance = object('What the agents say of this object.', { conditions }, {})

export const acceptedColumn = {
  name: 'Accepted',
  type: 'string',
  path: '.status.conditions[?(@.type=="Accepted")].status',
} as const

export const ageColumn = { name: 'Age', type: 'date', path: '.metadata.creationTimestamp' } as const

export function flag(description: string, value: boolean) {
  return boolean(description, { default: value })
}

export function exactlyOne(fields: readonly string[], message: string): Rule {
  return {
    rule: `[${fields.map((field) => `has(self.${field})`).join(', ')}].filter(given, given).size() == 1`,
    message,
  }
}

export function notBoth(a: string, b: string): Rule {
  return {
    rule: `!(has(self.${a}) && has(self.${b}))`,
    message: `${a} and ${b} exclude each other`,
    fieldPath: `.${b}`,
  }
}
