import { API_VERSION, type Kind } from './kind.ts'
import type { Rule, SchemaNode } from './schema.ts'

/** What this version refuses of a kind: path → in words, empty for any value. */
export type NotYetWords = (kind: string) => ReadonlyMap<string, string>

/** The reference page of all kinds, in Markdown. */
export function referencePage(
  kinds: readonly Kind[],
  notYet: NotYetWords,
  silentReasons: Readonly<Record<string, string>>,
  ipamReasons: Readonly<Record<string, string>>,
): string {
  return [
    '# Reference of the kinds',
    '',
    'Generated from the schema in `src/kinds/` by `npm run generate`; do not edit.',
    '',
    `All kinds are of \`${API_VERSION}\`, cluster-scoped, of the category \`routelet\`. The CRDs need Kubernetes 1.31 or`,
    'later. Objects in files (`--config`) are held to the same schema and the same rules. Fields marked *not yet* are',
    'refused where they are given: an object never promises what this version does not do.',
    '',
    ...kinds.flatMap((kind) => kindSection(kind, notYet(kind.kind))),
    ...annotationSection(),
    '## Why something is not announced',
    '',
    'Looked for in this order; of several advertisements, the one that came furthest gives the reason.',
    '',
    '| reason | meaning |',
    '|---|---|',
    ...reasonRows(silentReasons),
    '',
    ...allocationSection(ipamReasons),
  ].join('\n')
}

function reasonRows(reasons: Readonly<Record<string, string>>): string[] {
  return Object.entries(reasons).map(([reason, meaning]) => `| \`${reason}\` | ${cell(meaning)} |`)
}

function allocationSection(reasons: Readonly<Record<string, string>>): string[] {
  return [
    '## Why a Service has no address, or another one than it asks for',
    '',
    'The controller keeps the condition `routelet.io/AddressesAllocated` on the Services it serves. It is `True` with the',
    'reason `Allocated`, or `PartlyAllocated` where of two preferred families one is missing. Else it is `False` with one of',
    'these, which is the reason of an Event of type `Warning` too, or for a moment `Unknown` with the reason `Pending`: before',
    'an address changes, and under a new leader. What a Service gets is told by the Events `AddressAllocated` and',
    '`AddressReallocated`. One that is not served any more loses what it was given (`AddressReleased`), and the condition.',
    '',
    '| reason | meaning |',
    '|---|---|',
    ...reasonRows(reasons),
    '',
    'On an IPAddressPool it keeps the condition `Available`: `AddressesFree`, `Exhausted`, `Overlap` with an older pool, or `Invalid`.',
    '',
  ]
}

function annotationSection(): string[] {
  return [
    '## Annotations and labels',
    '',
    '| on | name | meaning |',
    '|---|---|---|',
    '| Node | annotation `routelet.io/asn` | AS of the node, instead of `spec.asn` of the RoutingConfig. |',
    '| Node | annotation `routelet.io/router-id` | BGP identifier of the node, an IPv4 address. |',
    '| Node | label `node.kubernetes.io/exclude-from-external-load-balancers` | The node announces no services. |',
    '| Service | annotation `routelet.io/ips` | The address that the Service is to have, or one of each family joined by a comma. |',
    '| Service | annotation `routelet.io/pool` | The IPAddressPool that its addresses come from. |',
    '| Service | annotation `routelet.io/sharing-key` | Services of a namespace with the same key may have the same address, if they have no port of a protocol in common, the same externalTrafficPolicy, and with Local the same selector. |',
    '| Service | annotation `routelet.io/sharing-cross-namespace` | Namespaces, joined by commas, that it shares with too, or `*` for all; both sides must say so. |',
    '| Namespace | label `kubernetes.io/metadata.name` | Its name; selectors find it even where the Namespace itself is not known. |',
    '',
  ]
}

function kindSection(kind: Kind, notYet: ReadonlyMap<string, string>): string[] {
  const short = kind.shortNames.map((name) => `\`${name}\``).join(', ')
  const spec = kind.spec ? fieldRows(kind.spec, 'spec', notYet) : fieldRows(kind.status, 'status', notYet)
  const rules = [...ruleLines(kind.rules, ''), ...(kind.spec ? allRules(kind.spec, 'spec') : [])]
  return [
    `## ${kind.kind}`,
    '',
    `${kind.description} Short name ${short}.${notYet.has('') ? ' *Not yet: this version refuses the whole kind.*' : ''}`,
    '',
    '| field | type | default | description |',
    '|---|---|---|---|',
    ...spec,
    '',
    ...(rules.length > 0 ? ['Rules:', '', ...new Set(rules), ''] : []),
  ]
}

function fieldRows(schema: SchemaNode, path: string, notYet: ReadonlyMap<string, string>): string[] {
  const below = children(schema).flatMap(([name, field]) => [
    row(field, `${path}${name}`, notYet),
    ...fieldRows(field, `${path}${name}`, notYet),
  ])
  return below
}

/** Fields of an object, of the objects in a list, and of the values of a map. */
function children(schema: SchemaNode): [string, SchemaNode][] {
  switch (schema.type) {
    case 'object':
      return Object.entries(schema.fields).map(([name, field]) => [`.${name}`, field])
    case 'array':
      return children(schema.items).map(([name, field]) => [`[]${name}`, field])
    case 'map':
      return children(schema.values)
    case 'string':
    case 'integer':
    case 'boolean':
    case 'integer-or-string':
      return []
  }
}

function row(schema: SchemaNode, path: string, notYet: ReadonlyMap<string, string>): string {
  const words = notYet.get(path)
  const mark = words === undefined ? '' : words === '' ? ' *Not yet.*' : ` *Not yet: ${words}.*`
  return `| \`${path}\` | ${typeWords(schema)} | ${defaultWords(schema)} | ${cell(schema.description)}${mark} |`
}

function typeWords(schema: SchemaNode): string {
  switch (schema.type) {
    case 'string':
      return schema.oneOf ? schema.oneOf.map((choice) => `\`${choice}\``).join(', ') : 'string'
    case 'integer':
      return `integer, ${schema.minimum} to ${schema.maximum}`
    case 'boolean':
      return 'boolean'
    case 'integer-or-string':
      return 'integer or string'
    case 'array':
      return `list of ${typeWords(schema.items)}, at most ${schema.maxItems}`
    case 'map':
      return `map of ${typeWords(schema.values)}`
    case 'object':
      return 'object'
  }
}

function defaultWords(schema: SchemaNode): string {
  if (schema.required) return 'required'
  if (schema.whenAbsent !== undefined) return cell(schema.whenAbsent)
  if (schema.default === undefined) return ''
  // Where an object stands in by default, what counts are the defaults of its fields.
  return schema.type === 'object' ? '' : `\`${JSON.stringify(schema.default)}\``
}

function allRules(schema: SchemaNode, path: string): string[] {
  const items = schema.type === 'array' ? ruleLines(schema.items.rules, `${path}[]`) : []
  return [
    ...ruleLines(schema.rules, path),
    ...items,
    ...children(schema).flatMap(([name, field]) => allRules(field, `${path}${name}`)),
  ]
}

function ruleLines(rules: readonly Rule[] | undefined, path: string): string[] {
  return (rules ?? []).map(
    ({ message, fieldPath = '' }) => `- \`${`${path}${fieldPath}`.replace(/^\./, '')}\`: ${message}`,
  )
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
