import Table from 'cli-table3'
import type { Measured } from './run.ts'
import type { Scenario } from './scenario.ts'

/** All runs of one scenario against one daemon; the error instead, when it could not be run to its end. */
export interface Row {
  readonly scenario: Scenario
  readonly daemon: string
  readonly version: string
  readonly runs: readonly Measured[]
  readonly error?: string
}

/** One table: medians, and routelet's ratio to the best of the others. */
export function render(rows: readonly Row[]): string {
  const head = [
    'scenario',
    'daemon',
    'time',
    'ratio',
    'CPU',
    'ratio',
    'peak memory',
    'UPDATEs',
    'octets',
    'latency p50 / p99',
  ]
  const table = new Table({ head, style: { head: [], border: [] } })
  for (const row of rows) table.push(cells(row, rows))
  return table.toString()
}

/** What makes the result worth less than it looks. */
export function warnings(rows: readonly Row[]): string[] {
  return rows.flatMap(({ scenario, daemon, runs, error }) => {
    const at = `${scenario.name}, ${daemon}`
    const faults = [...new Set(runs.flatMap((run) => run.faults))].map((fault) => `WRONG ROUTES: ${at}: ${fault}`)
    const busy = daemon !== 'null' && runs.some(({ loadCpu }) => loadCpu > 0.9)
    return [
      ...(error === undefined ? [] : [`${at}: ${error}`]),
      ...faults,
      ...(busy ? [`${at}: the load's own processor was busy throughout, so the load may be what was measured`] : []),
    ]
  })
}

function cells(row: Row, rows: readonly Row[]): string[] {
  const { scenario, daemon, runs, error } = row
  if (runs.length === 0) return [scenario.name, daemon, error === undefined ? '' : 'failed', '', '', '', '', '', '', '']
  const latency = runs[0]?.latencyMs
  return [
    scenario.name,
    daemon,
    `${median(runs, timeOf).toFixed(0)} ms`,
    ratio(row, rows, timeOf),
    `${median(runs, cpuOf).toFixed(2)} s`,
    ratio(row, rows, cpuOf),
    `${median(runs, (run) => run.peakMiB).toFixed(0)} MiB`,
    String(median(runs, (run) => run.updates)),
    String(median(runs, (run) => run.octets)),
    latency === undefined
      ? ''
      : `${median(runs, (run) => run.latencyMs!.p50).toFixed(2)} / ${median(runs, (run) => run.latencyMs!.p99).toFixed(2)} ms`,
  ]
}

/** To the best of the other daemons in the same scenario. */
function ratio(row: Row, rows: readonly Row[], of: (run: Measured) => number): string {
  if (row.daemon !== 'routelet') return ''
  const others = rows.filter(
    ({ scenario, daemon, runs }) =>
      scenario.name === row.scenario.name && !['routelet', 'null'].includes(daemon) && runs.length > 0,
  )
  if (others.length === 0) return ''
  const best = Math.min(...others.map(({ runs }) => median(runs, of)))
  return best === 0 ? '' : `${(median(row.runs, of) / best).toFixed(2)} ×`
}

const timeOf = (run: Measured) => run.convergenceMs
const cpuOf = (run: Measured) => run.cpuSeconds

export function median(runs: readonly Measured[], of: (run: Measured) => number): number {
  const sorted = runs.map(of).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}
