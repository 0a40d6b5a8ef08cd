import { type Address, addressWords, type Family, familyOf } from '../ip/address.ts'
import { maskWord, maxLength, type Prefix, prefixWords } from '../ip/prefix.ts'
import type { PrefixId } from '../ip/prefix-table.ts'
import type { Fib } from './fib.ts'
import type { Unresolvable } from './intents.ts'
import { type Refusal, refusalOf } from './refusals.ts'
import { Mark, type RouteRows, RowState } from './route-rows.ts'

export interface ListQuery {
  readonly family?: Family
  /** Exactly this prefix. */
  readonly prefix?: Prefix
  /** The longest match for this address. */
  readonly address?: Address
  /** Where the last page ended. */
  readonly cursor?: string
  readonly limit?: number
}

export interface ListPage {
  readonly routes: readonly ListedRoute[]
  /** Absent: there are no more. */
  readonly cursor?: string
}

/** A route of ours in the kernel, or one that should be there. */
export interface ListedRoute {
  readonly prefix: Prefix
  readonly type: 'unicast' | 'blackhole'
  readonly nextHops: readonly ListedNextHop[]
  readonly metric: number
  readonly state: 'installed' | 'pending' | 'failed' | 'refused'
  /** Why it is not installed. */
  readonly reason?: Refusal | Unresolvable | 'Leftover' | (string & {})
}

export interface ListedNextHop {
  readonly address?: Address
  readonly interfaceName?: string
  readonly weight: number
}

export interface ListNames {
  interfaceName(index: number): string | undefined
  errnoName(errno: number): string
}

const DEFAULT_LIMIT = 1000

export function listRoutes(fib: Fib, names: ListNames, query: ListQuery): ListPage {
  if (query.prefix !== undefined) return one(fib, names, familyOf(query.prefix), findPrefix(fib, query.prefix))
  if (query.address !== undefined) return one(fib, names, familyOf(query.address), longestMatch(fib, query.address))

  const { limit = DEFAULT_LIMIT } = query
  const families: Family[] = query.family === undefined ? [4, 6] : [query.family]
  const [cursorFamily, cursorId = 1] = (query.cursor ?? '').split('.').map(Number)
  const routes: ListedRoute[] = []
  for (const family of families) {
    if (cursorFamily === 6 && family === 4) continue
    const rows = fib.rows[family]
    for (let id = cursorFamily === family ? cursorId : 1; id < rows.table.end; id++) {
      if (!rows.table.has(id) || rows.stateOf(id) === RowState.None) continue
      if (routes.length === limit) return { routes, cursor: `${family}.${id}` }
      routes.push(describe(fib, names, rows, id))
    }
  }
  return { routes }
}

function one(fib: Fib, names: ListNames, family: Family, id: PrefixId): ListPage {
  return { routes: id === 0 ? [] : [describe(fib, names, fib.rows[family], id)] }
}

function findPrefix(fib: Fib, prefix: Prefix): PrefixId {
  return fib.rows[familyOf(prefix)].find(prefixWords(prefix))
}

function longestMatch(fib: Fib, address: Address): PrefixId {
  const family = familyOf(address)
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = addressWords(address)
  for (let length = maxLength(family); length >= 0; length--) {
    const masked = (word: number, index: number) => (word & maskWord(length, index)) >>> 0
    const id = fib.rows[family].table.find(masked(w0, 0), masked(w1, 1), masked(w2, 2), masked(w3, 3), length)
    if (id !== 0) return id
  }
  return 0
}

function describe(fib: Fib, names: ListNames, rows: RouteRows, id: PrefixId): ListedRoute {
  const state = rows.stateOf(id)
  const pinned = rows.has(id, Mark.Pinned)
  const target = fib.targets.get(rows.desired(id) || rows.actual[id]!)
  const reason = reasonOf(fib, names, rows, id)
  const nextHops =
    target === undefined
      ? fib.intents.nextHopsOf(rows.wanted[id]!).map(({ nextHop, ...rest }) => ({ address: nextHop, ...rest }))
      : target.nextHops.map((hop) => {
          const interfaceName = names.interfaceName(hop.interfaceIndex)
          return {
            ...(hop.gateway !== undefined && { address: hop.gateway }),
            ...(interfaceName !== undefined && { interfaceName }),
            weight: hop.weight,
          }
        })
  return {
    prefix: rows.table.format(id),
    type: pinned || target?.type === 'blackhole' ? 'blackhole' : 'unicast',
    nextHops: pinned ? [] : nextHops,
    metric: target?.metric ?? fib.intents.metricOf(rows.wanted[id]!),
    state: STATE_NAMES[state],
    ...(reason !== undefined && { reason }),
  }
}

const STATE_NAMES: Readonly<Record<RowState, ListedRoute['state']>> = {
  [RowState.None]: 'pending',
  [RowState.Installed]: 'installed',
  [RowState.Pending]: 'pending',
  [RowState.Failed]: 'failed',
  [RowState.Refused]: 'refused',
  [RowState.Inactive]: 'pending',
  [RowState.Leftover]: 'installed',
  [RowState.Leaving]: 'pending',
}

function reasonOf(fib: Fib, names: ListNames, rows: RouteRows, id: PrefixId): string | undefined {
  const state = rows.stateOf(id)
  switch (state) {
    case RowState.Refused:
      return rows.has(id, Mark.Blocked) ? ('ForeignRoute' satisfies Refusal) : refusalOf(rows.refusals[id]!)
    case RowState.Inactive:
      return fib.intents.inactiveBecause(rows.wanted[id]!)
    case RowState.Failed:
    case RowState.Leaving:
      return rows.errnos[id] === 0 ? undefined : names.errnoName(rows.errnos[id]!)
    case RowState.Leftover:
      return 'Leftover'
    case RowState.None:
    case RowState.Installed:
    case RowState.Pending:
      return undefined
  }
}
