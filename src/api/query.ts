import type { FamilyName, RouteQuery } from '../../bgp/contract.ts'
import { parseAddress } from '../../routing/ip/address.ts'
import { parsePrefix } from '../../routing/ip/prefix.ts'
import { DEFAULT_PAGE_ITEMS, MAX_PAGE_ITEMS } from './contract.ts'

/** Table and row; both sides that page write it so. */
const CURSOR = /^\d{1,3}\.\d{1,10}$/

type Draft = { -readonly [Field in keyof RouteQuery]: RouteQuery[Field] }

/** One line per query parameter: reads it into the query, or says what was wanted. */
const PARAMETERS: Readonly<Record<string, (value: string, into: Draft) => string | undefined>> = {
  family: (value, into) => {
    if (!isFamily(value)) return 'expected ipv4-unicast or ipv6-unicast'
    into.family = value
    return undefined
  },
  prefix: (value, into) => {
    const prefix = parsePrefix(value)
    if (prefix === undefined) return 'expected a prefix such as 10.1.0.0/24'
    into.prefix = prefix
    return undefined
  },
  address: (value, into) => {
    const address = parseAddress(value)
    if (address === undefined) return 'expected an IP address'
    into.address = address
    return undefined
  },
  receivedFrom: (value, into) => {
    into.receivedFrom = value
    return undefined
  },
  advertisedTo: (value, into) => {
    into.advertisedTo = value
    return undefined
  },
  allPaths: (value, into) => {
    if (!isBoolean(value)) return 'expected true or false'
    into.allPaths = value === 'true'
    return undefined
  },
  kernel: (value) => (isBoolean(value) ? undefined : 'expected true or false'),
  cursor: (value, into) => {
    if (!CURSOR.test(value)) return 'expected the cursor of the page before'
    into.cursor = value
    return undefined
  },
  limit: (value, into) => {
    const limit = Number(value)
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_ITEMS) return `expected 1 to ${MAX_PAGE_ITEMS}`
    into.limit = limit
    return undefined
  },
}

/** The query parameters of `/v1/routes`; every problem is named. */
export function parseRouteQuery(
  parameters: URLSearchParams,
): { readonly kernel: boolean; readonly query: RouteQuery } | { readonly problems: readonly string[] } {
  const query: Draft = { limit: DEFAULT_PAGE_ITEMS }
  const problems: string[] = []
  for (const [name, value] of parameters) {
    const read = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined
    const problem = read ? read(value, query) : `no such parameter; there is ${Object.keys(PARAMETERS).join(', ')}`
    if (problem !== undefined) problems.push(`${name}: ${problem}, got ${JSON.stringify(value)}`)
  }
  const kernel = parameters.get('kernel') === 'true'
  problems.push(...contradictions(query, kernel))
  return problems.length > 0 ? { problems } : { kernel, query }
}

function contradictions(query: RouteQuery, kernel: boolean): string[] {
  const views = [
    ...(query.receivedFrom !== undefined ? ['receivedFrom'] : []),
    ...(query.advertisedTo !== undefined ? ['advertisedTo'] : []),
    ...(kernel ? ['kernel'] : []),
  ]
  const problems: string[] = []
  if (views.length > 1) problems.push(`${views.join(' and ')} exclude each other`)
  if (query.prefix !== undefined && query.address !== undefined) problems.push('prefix and address exclude each other')
  return problems
}

function isFamily(value: string): value is FamilyName {
  return value === 'ipv4-unicast' || value === 'ipv6-unicast'
}

function isBoolean(value: string): boolean {
  return value === 'true' || value === 'false'
}
