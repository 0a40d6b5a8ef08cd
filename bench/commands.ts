import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { argv, env, stdout } from 'node:process'
import { compare, DAEMONS, findContenders } from './compare.ts'
import { type Row, render, warnings } from './comparison-table.ts'
import { measureGrowth } from './growth.ts'
import { measureKernel, renderKernel } from './kernel.ts'
import { machine, machineLine } from './machine.ts'
import { writePage } from './page.ts'
import { SCENARIOS, type Scenario, scenario } from './scenario.ts'
import { measureStart, renderStart } from './start.ts'

/** What the commands have in common. */
export interface Flags {
  readonly peer?: readonly string[]
  readonly root: readonly string[]
  readonly repeat: number
  readonly deadline: number
  readonly json: string
  readonly profile?: string
}

/** Each command prints its table and leaves all figures in a file; true: routelet got through, with the right routes. */
export async function runCompare(scenarios: readonly Scenario[], flags: Flags): Promise<boolean> {
  profileInto(flags.profile)
  const { peer, root, repeat, deadline: deadlineSeconds } = flags
  const contenders = findContenders(peer, root)
  const rows: Row[] = []
  for (const each of scenarios) {
    stdout.write(`${each.name}: ${each.what}\n`)
    rows.push(...(await compare(each, contenders, { repeat, deadlineSeconds })))
  }
  finish(flags.json, { rows }, render(rows))
  for (const line of warnings(rows)) stdout.write(`${line}\n`)
  stdout.write(`medians of ${repeat}, every receiver's routes and attributes checked; all runs are in ${flags.json}\n`)
  return rows.every(isWell)
}

export async function runStart(
  flags: Pick<Flags, 'repeat' | 'json'> & { readonly prefixes: number },
): Promise<boolean> {
  const figures = await measureStart(flags)
  finish(flags.json, { figures }, renderStart(figures))
  return true
}

/** Daemons that the bench knows how to have install routes. */
export const INSTALLERS = DAEMONS.filter(({ prepareKernel }) => prepareKernel !== undefined).map(({ name }) => name)

export async function runKernel(flags: Flags & { readonly prefixes: readonly number[] }): Promise<boolean> {
  profileInto(flags.profile)
  const contenders = findContenders(flags.peer ?? INSTALLERS, flags.root)
  const { prefixes: sizes, repeat, deadline: deadlineSeconds } = flags
  const rows = await measureKernel(contenders, { sizes, repeat, deadlineSeconds })
  finish(flags.json, { rows }, renderKernel(rows))
  return rows.every(({ daemon, error }) => daemon !== 'routelet' || error === undefined)
}

/** The daemons whose growth is worth the time. */
export const GROWN = ['routelet', 'bird', 'frr']

export async function runGrowth(flags: Flags & { readonly seed: number; readonly quick?: true }): Promise<boolean> {
  const contenders = findContenders(flags.peer ?? GROWN, flags.root)
  const { seed, repeat, deadline: deadlineSeconds, quick = false } = flags
  const growth = await measureGrowth(contenders, { seed, repeat, deadlineSeconds, quick })
  const rows = growth.flatMap(({ steps }) => steps.flatMap((step) => step.rows))
  finish(flags.json, { growth }, render(rows))
  return rows.every(isWell)
}

const COMPARED = ['null', 'routelet', 'bird', 'frr']

export interface ReportFlags {
  readonly root: readonly string[]
  readonly results: string
  readonly docs: string
  readonly small?: true
  /** `false`: the page is written from what earlier runs left. */
  readonly run: boolean
}

/** Everything, one after the other, and then the page. */
export async function runReport({ root, results, docs, small, run }: ReportFlags): Promise<boolean> {
  const file = (name: string) => join(results, `${name}.json`)
  const size = { seed: 1, quick: small === true, prefixes: undefined, receivers: undefined }
  const scenarios = SCENARIOS.map((name) => scenario(name, size)!)
  const common = { root, repeat: small ? 1 : 3, deadline: 60 }
  const prefixes = small ? [10_000] : [10_000, 100_000, 500_000]
  const well: boolean[] = []
  if (run) {
    well.push(await runCompare(scenarios, { ...common, peer: COMPARED, json: file('latest') }))
    const once = { ...common, repeat: 1 }
    well.push(await runGrowth({ ...once, seed: 1, json: file('growth'), ...(small && { quick: true }) }))
    well.push(await runStart({ repeat: 9, prefixes: small ? 100_000 : 1_000_000, json: file('start') }))
    // The last, for it keeps this process on one processor.
    well.push(await runKernel({ ...once, prefixes, json: file('kernel') }))
  }
  writePage(results, docs)
  stdout.write(`${docs}/benchmarks.md is written\n`)
  return well.every(Boolean)
}

function isWell({ daemon, runs, error }: Row): boolean {
  return daemon !== 'routelet' || (error === undefined && runs.every((run) => run.faults.length === 0))
}

function profileInto(folder: string | undefined): void {
  if (folder !== undefined) env['ROUTELET_BENCH_PROFILE'] = resolve(folder)
}

function finish(file: string, results: object, table: string): void {
  stdout.write(`${machineLine(machine())}\n${table}\n`)
  mkdirSync(dirname(resolve(file)), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ command: argv.slice(2), machine: machine(), ...results }, null, 2)}\n`)
}
