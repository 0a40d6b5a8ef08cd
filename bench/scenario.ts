/** What is played. Plain data: it goes to the load's process and into the report. */
export interface Scenario {
  readonly name: string
  readonly what: string
  readonly play: 'table' | 'pods' | 'cold' | 'withdraw' | 'churn' | 'refresh' | 'late'
  readonly external: boolean
  /** Peers that announce a table of their own. */
  readonly sources: number
  readonly prefixesPerSource: number
  /** Mean number of prefixes in one attribute set. */
  readonly prefixesPerSet: number
  /** Peers that only listen; sources that are told the others' routes are waited for too. */
  readonly receivers: number
  /** Play `pods`: addresses that every client announces. */
  readonly shared: number
  readonly seed: number
  /** All sources announce the same prefixes, and receivers are told every path (RFC 7911). */
  readonly addPath?: true
  /** Name of the shape of the tables. */
  readonly shape: string
  /** Recorded routes that the one source tells instead. */
  readonly mrt?: string
}

/** The scenarios of the comparison, in full size and in one for daily use. */
const ALL: readonly (Omit<Scenario, 'seed' | 'shape'> & {
  readonly quickPrefixes: number
  readonly quickPeers?: number
})[] = [
  row('full', 'one source, one receiver', 'table', 1, 1_000_000, 1, 100_000),
  row('full10', 'one source, ten receivers', 'table', 1, 500_000, 10, 50_000),
  row('multi10', 'ten sources that are clients too, one receiver more', 'table', 10, 100_000, 1, 5_000),
  row('rr100', '100 clients, each to all', 'table', 100, 1_000, 0, 100),
  row('rr500', '500 clients, each to all', 'table', 500, 10, 0, 10, 100),
  {
    ...row('pods1000', '1000 clients with a pod CIDR and 200 shared addresses', 'pods', 1000, 1, 0, 1, 100),
    shared: 200,
  },
  { ...row('cold1000', 'as pods1000, from the first connect', 'cold', 1000, 1, 0, 1, 100), shared: 200 },
  row('withdraw', 'two sources, five receivers, one source goes away', 'withdraw', 2, 200_000, 5, 20_000),
  row('churn', '2,000 changes a second for ten seconds, ten receivers', 'churn', 1, 200_000, 10, 20_000),
  row('refresh', 'five receivers, each asks for ROUTE-REFRESH', 'refresh', 1, 200_000, 5, 20_000),
  { ...row('ebgp10', 'ten sources, ten receivers, all external', 'table', 10, 20_000, 10, 2_000), external: true },
  {
    ...row('addpath', 'ten sources of the same prefixes, five receivers with ADD-PATH', 'table', 10, 20_000, 5, 2_000),
    addPath: true,
  },
  row('late', 'a newcomer while the table changes', 'late', 1, 200_000, 10, 20_000),
]

export const SCENARIOS: readonly string[] = ALL.map(({ name }) => name)

export interface Size {
  readonly seed: number
  readonly quick: boolean
  readonly prefixes: number | undefined
  readonly receivers: number | undefined
  readonly shape?: string
  readonly mrt?: string | undefined
}

export function scenario(
  name: string,
  { seed, quick, prefixes, receivers, shape = 'plain', mrt }: Size,
): Scenario | undefined {
  const found = ALL.find((candidate) => candidate.name === name)
  if (found === undefined) return undefined
  const { quickPrefixes, quickPeers, ...full } = found
  return {
    ...full,
    prefixesPerSource: prefixes ?? (quick ? quickPrefixes : full.prefixesPerSource),
    sources: quick ? (quickPeers ?? full.sources) : full.sources,
    receivers: receivers ?? full.receivers,
    seed,
    shape,
    ...(mrt !== undefined && { mrt }),
  }
}

function row(
  name: string,
  what: string,
  play: Scenario['play'],
  sources: number,
  prefixesPerSource: number,
  receivers: number,
  quickPrefixes: number,
  quickPeers?: number,
) {
  const peers = quickPeers === undefined ? {} : { quickPeers }
  return {
    name,
    what,
    play,
    external: false,
    sources,
    prefixesPerSource,
    prefixesPerSet: 5,
    receivers,
    shared: 0,
    quickPrefixes,
    ...peers,
  }
}

/** The bench → the load: what to play, once; then `go` as the answer to `begin` and `end`. */
export type LoadCommand =
  | { readonly type: 'play'; readonly scenario: Scenario; readonly daemon: string; readonly port: number }
  | { readonly type: 'go' }

/** The load → the bench, as it goes. */
export type LoadEvent =
  /** The clock starts now: CPU before this is not counted. */
  | { readonly type: 'begin' }
  | { readonly type: 'end' }
  | { readonly type: 'result'; readonly result: LoadResult }
  | { readonly type: 'failed'; readonly error: string }

export interface LoadResult {
  /** First octet of the measured action sent → last receiver has everything. */
  readonly convergenceMs: number
  readonly latencyMs?: { readonly p50: number; readonly p99: number }
  /** Received by all during the measured action. */
  readonly updates: number
  readonly octets: number
  /** Prefixes in those UPDATEs. */
  readonly prefixes: number
  /** When each receiver had everything, counted as `convergenceMs`. */
  readonly doneMs?: { readonly p50: number; readonly p99: number }
  /** What was wrong with the routes; empty: nothing. */
  readonly faults: readonly string[]
  /** Share of one processor that the load itself used: near 1, it is what was measured. */
  readonly loadCpu: number
}
