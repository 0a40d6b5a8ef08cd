import { ALL_LENGTHS, IPV6, type Numbering, PLAIN } from './numbering.ts'

/** What the tables of a scenario look like, besides their size. */
export interface Shape {
  readonly what: string
  readonly numbering: Numbering
  /** Mean number of prefixes per attribute set, instead of the scenario's. */
  readonly perSet?: number
  /** Lengths of AS_PATH and number of communities, from and up to. */
  readonly hops: readonly [number, number]
  readonly communities: readonly [number, number]
  /** All sources announce the same prefixes; each is the best for some. */
  readonly overlaps?: true
  /** Daemons set LOCAL_PREF on import and add a community on export. */
  readonly policies?: true
}

const COMMON = { numbering: PLAIN, hops: [1, 6], communities: [0, 4] } as const

/** Held-out shapes besides `plain`: nothing in the engine may count on the one that the scenarios have. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  plain: { ...COMMON, what: 'as a full table: about five prefixes per attribute set, short paths' },
  distinct: { ...COMMON, what: 'every prefix has an attribute set of its own', perSet: 1 },
  few: { ...COMMON, what: 'a thousand prefixes per attribute set', perSet: 1000 },
  lengths: { ...COMMON, what: 'prefixes of every length from 8 to 32', numbering: ALL_LENGTHS },
  ipv6: { ...COMMON, what: 'IPv6 over sessions on IPv4', numbering: IPV6 },
  'long-paths': { ...COMMON, what: 'AS_PATHs of 100 to 150 ASes', hops: [100, 150] },
  communities: { ...COMMON, what: '64 communities on every route', communities: [64, 64] },
  overlap: { ...COMMON, what: 'all sources announce the same prefixes with other attributes', overlaps: true },
  policies: { ...COMMON, what: 'LOCAL_PREF set on import, a community added on export', policies: true },
}

/** What the policies of the shape do; the receivers look for it. */
export const POLICY = { localPref: 150, community: [65_000, 99] } as const

/** Why a shape cannot be played so; undefined: it can. */
export function unplayable(name: string, play: string, external: boolean, receivers: number): string | undefined {
  const { numbering, overlaps, policies } = SHAPES[name]!
  const special = numbering.family === 6 || overlaps || policies
  if (special && external) return 'it is for internal sessions'
  if (special && play !== 'table') return `it is for tables that are spread, not for ${play}`
  if (overlaps && receivers === 0) return 'it needs receivers'
  return undefined
}
