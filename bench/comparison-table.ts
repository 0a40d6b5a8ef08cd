import Table from 'cli-table3'
import { markdownTable } from './markdown.ts'
import { median } from './median.ts'
import type { Measured } from './run.ts'
import type { Scenario } from './scenario.ts'

/** All runs of one scenario against one daemon; the error instead, when it could not be run to its end. */
export interface Row {
  readonly scenario: Scenario
  readonly daemon: string
  /** The daemon with its version. */
  readonly label: string
  readonly version: string
  readonly runs: readonly Measured[]
  readonly error?: string
}

/** One table: medians, and routelet's ratio to the best of the others. */
export function render(rows: readonly Row[]): string {
  const table = new Table({ head: COLUMNS.map(({ head }) => head), style: { head: [], border: [] } })
  for (const row of rows) table.push(COLUMNS.map(({ cell }) => cell(row, rows)))
  return table.toString()
}

/** The same for a page of documentation. */
export function renderMarkdown(rows: readonly Row[]): string {
  return markdownTable(
    COLUMNS.map(({ head }) => head),
    rows.map((row) => COLUMNS.map(({ cell }) => cell(row, rows))),
  )
}

interface Column {
  readonly head: string
  cell(row: Row, rows: readonly Row[]): string
}

const COLUMNS: readonly Column[] = [
  { head: 'scenario', cell: ({ scenario }) => scenario.name },
  { head: 'daemon', cell: ({ label }) => label },
  { head: 'time', cell: measured((runs) => `${of(runs, timeOf).toFixed(0)} ms`, 'failed') },
  { head: 'ratio', cell: (row, rows) => ratio(row, rows, timeOf) },
  { head: 'CPU', cell: measured((runs) => `${of(runs, cpuOf).toFixed(2)} s`) },
  { head: 'ratio', cell: (row, rows) => ratio(row, rows, cpuOf) },
  { head: 'peak memory', cell: measured((runs) => `${of(runs, ({ peakMiB }) => peakMiB).toFixed(0)} MiB`) },
  { head: 'UPDATEs', cell: measured((runs) => String(of(runs, ({ updates }) => updates))) },
  { head: 'prefixes each', cell: measured((runs) => of(runs, (run) => run.prefixes / run.updates).toFixed(1)) },
  { head: 'octets', cell: measured((runs) => String(of(runs, ({ octets }) => octets))) },
  { head: 'receivers done p50 / p99', cell: measured((runs) => span(runs, ({ doneMs }) => doneMs, 0)) },
  { head: 'latency p50 / p99', cell: measured((runs) => span(runs, ({ latencyMs }) => latencyMs, 2)) },
  {
    head: 'longest stall',
    cell: measured((runs) => {
      const stalls = runs.flatMap(({ stallMs }) => stallMs ?? [])
      return stalls.length === 0 ? '' : `${Math.max(...stalls).toFixed(0)} ms`
    }),
  },
]

function measured(cell: (runs: readonly Measured[]) => string, without = ''): Column['cell'] {
  return ({ runs, error }) => (runs.length > 0 ? cell(runs) : error === undefined ? '' : without)
}

function span(
  runs: readonly Measured[],
  percentiles: (run: Measured) => { readonly p50: number; readonly p99: number } | undefined,
  digits: number,
): string {
  const all = runs.flatMap((run) => percentiles(run) ?? [])
  if (all.length === 0) return ''
  return `${median(all.map(({ p50 }) => p50)).toFixed(digits)} / ${median(all.map(({ p99 }) => p99)).toFixed(digits)} ms`
}

/** To the best of the other daemons in the same scenario. */
function ratio(row: Row, rows: readonly Row[], value: (run: Measured) => number): string {
  if (row.daemon !== 'routelet' || row.runs.length === 0) return ''
  const others = rows.filter(
    ({ scenario, daemon, runs }) =>
      scenario.name === row.scenario.name && !['routelet', 'null'].includes(daemon) && runs.length > 0,
  )
  const best = Math.min(...others.map(({ runs }) => of(runs, value)))
  return others.length === 0 || best === 0 ? '' : `${(of(row.runs, value) / best).toFixed(2)} ×`
}

export function timeOfRow({ runs }: Row): number {
  return of(runs, timeOf)
}

const timeOf = (run: Measured) => run.convergenceMs
const cpuOf = (run: Measured) => run.cpuSeconds

function of(runs: readonly Measured[], value: (run: Measured) => number): number {
  return median(runs.map(value))
}

/** A daemon this near to the null speaker, which does nothing, is not what was measured. */
const NEAR_NULL = 1.5
const BUSY = 0.9

/** What makes the result worth less than it looks. */
export function warnings(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => {
    const { scenario, daemon, label, runs, error } = row
    const at = `${scenario.name}, ${label}`
    const faults = [...new Set(runs.flatMap((run) => run.faults))].map((fault) => `WRONG ROUTES: ${at}: ${fault}`)
    const loadMeasured = daemon !== 'null' && runs.length > 0 && measuresLoad(row, rows)
    return [
      ...(error === undefined ? [] : [`${at}: ${error}`]),
      ...faults,
      ...(loadMeasured ? [`${at}: ${loadMeasured}, so generator and receivers are what was measured`] : []),
    ]
  })
}

function measuresLoad({ scenario, runs }: Row, rows: readonly Row[]): string | false {
  if (runs.some(({ loadCpu }) => loadCpu > BUSY)) return "the load's own processor was busy throughout"
  const nothing = rows.find((row) => row.daemon === 'null' && row.scenario.name === scenario.name)
  if (nothing === undefined || nothing.runs.length === 0) return false
  const near = of(runs, timeOf) < NEAR_NULL * of(nothing.runs, timeOf)
  return near && `it took less than ${NEAR_NULL} × the time of the null speaker`
}
