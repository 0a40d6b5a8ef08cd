import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { argv, env, execPath, exit, stdout } from 'node:process'
import { Command, InvalidArgumentError } from 'commander'
import { bird } from './daemons/bird.ts'
import type { Daemon } from './daemons/daemon.ts'
import { frr } from './daemons/frr.ts'
import { gobgp } from './daemons/gobgp.ts'
import { nullSpeaker } from './daemons/null.ts'
import { openbgpd } from './daemons/openbgpd.ts'
import { routelet } from './daemons/routelet.ts'
import { type Row, render, warnings } from './report.ts'
import { type Measured, runOnce } from './run.ts'
import { SCENARIOS, type Scenario, scenario } from './scenario.ts'

const DAEMONS: readonly Daemon[] = [nullSpeaker, routelet, bird, frr, gobgp, openbgpd]

interface Options {
  readonly peer?: string[]
  readonly repeat: number
  readonly prefixes?: number
  readonly receivers?: number
  readonly seed: number
  readonly quick?: true
  readonly root: string
  readonly deadline: number
  readonly json: string
  readonly profile?: string
}

/**
 * `npm run bench`: every scenario against routelet and whichever other daemons are installed, interleaved.
 *
 * Runs in a network namespace of its own, so it needs root (or user namespaces) and touches nothing outside.
 */
async function main(): Promise<void> {
  const program = commandLine()
  program.parse(argv)
  const options = program.opts<Options>()
  if (options.profile !== undefined) env['ROUTELET_BENCH_PROFILE'] = resolve(options.profile)
  const scenarios = chosenScenarios(program, options)
  enterNamespace()

  const daemons = chosenDaemons(options)
  const rows: Row[] = []
  for (const each of scenarios) {
    stdout.write(`${each.name}: ${each.what}\n`)
    rows.push(...(await compare(each, daemons, options)))
  }
  stdout.write(`${render(rows)}\n`)
  for (const line of warnings(rows)) stdout.write(`${line}\n`)
  mkdirSync(dirname(resolve(options.json)), { recursive: true })
  writeFileSync(options.json, `${JSON.stringify({ command: argv.slice(2), options, rows }, null, 2)}\n`)
  stdout.write(
    `medians of ${options.repeat}, every receiver's routes and attributes checked; all runs are in ${options.json}\n`,
  )
  exit(
    rows.some(
      ({ daemon, runs, error }) => daemon === 'routelet' && (error || runs.some((run) => run.faults.length > 0)),
    )
      ? 1
      : 0,
  )
}

function commandLine(): Command {
  return new Command('bench')
    .argument('[scenario...]', `what to play: ${SCENARIOS.join(', ')}; none: all`)
    .option('--peer <name...>', `daemons: ${DAEMONS.map(({ name }) => name).join(', ')}; none: all that are installed`)
    .option('--repeat <n>', 'runs of each', count, 3)
    .option('--prefixes <n>', 'routes per source instead of the scenario’s', count)
    .option('--receivers <n>', 'receivers instead of the scenario’s', count)
    .option('--seed <n>', 'seed of the generated tables', count, 1)
    .option('--quick', 'small tables, one run of each')
    .option('--root <dir>', 'where the other daemons are installed, e.g. a debootstrapped newer Debian', '/')
    .option('--deadline <seconds>', 'give a run up after this', count, 110)
    .option('--json <file>', 'where all runs are written', 'bench/results/latest.json')
    .option('--profile <dir>', 'write CPU profiles of routelet there')
}

function chosenScenarios(program: Command, options: Options): Scenario[] {
  const names = program.args.length > 0 ? program.args : SCENARIOS
  return names.map((name) => {
    const { seed, quick = false, prefixes, receivers } = options
    const found = scenario(name, { seed, quick, prefixes, receivers })
    return found ?? program.error(`unknown scenario '${name}', there are: ${SCENARIOS.join(', ')}`, { exitCode: 2 })
  })
}

/** The ones asked for, or all; what is not installed is named, and how to add it. */
function chosenDaemons(options: Options): { daemon: Daemon; version: string; root: string }[] {
  return DAEMONS.filter(({ name }) => options.peer?.includes(name) ?? true).flatMap((daemon) => {
    const root = resolve(options.root)
    const version = daemon.find(root)
    stdout.write(version ? `found ${version}\n` : `not installed: ${daemon.name} (${daemon.howToAdd})\n`)
    return version === undefined ? [] : [{ daemon, version, root }]
  })
}

/** One run of each daemon in turn, then again, so that a machine that slows down slows all. */
async function compare(
  each: Scenario,
  daemons: readonly { daemon: Daemon; version: string; root: string }[],
  options: Options,
): Promise<Row[]> {
  const runs = new Map<string, Measured[]>(daemons.map(({ daemon }) => [daemon.name, []]))
  const errors = new Map<string, string>()
  const played = daemons.filter(({ daemon }) => daemon.name !== 'null' || each.play === 'table' || each.play === 'pods')
  for (let i = 0; i < (options.quick ? 1 : options.repeat); i++) {
    for (const { daemon, root } of played) {
      if (errors.has(daemon.name)) continue
      try {
        const own = daemon.name === 'routelet' || daemon.name === 'null'
        const measured = await runOnce(daemon, each, own ? '/' : root, options.deadline * 1000)
        runs.get(daemon.name)!.push(daemon.name === 'null' ? { ...measured, faults: [] } : measured)
        stdout.write(`  ${daemon.name}: ${measured.convergenceMs.toFixed(0)} ms\n`)
      } catch (error) {
        errors.set(daemon.name, (error as Error).message)
        stdout.write(`  ${(error as Error).message}\n`)
      }
    }
  }
  return played.map(({ daemon, version }) => {
    const error = errors.get(daemon.name)
    return { scenario: each, daemon: daemon.name, version, runs: runs.get(daemon.name)!, ...(error ? { error } : {}) }
  })
}

function count(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0 is wanted')
  return value
}

/** Starts this program again in a namespace with nothing but a loopback that has all the addresses of the scenarios. */
function enterNamespace(): void {
  if (env['ROUTELET_BENCH_INSIDE'] === '1') {
    execFileSync('ip', ['link', 'set', 'lo', 'up'])
    execFileSync('ip', ['addr', 'replace', '10.99.0.1/16', 'dev', 'lo'])
    return
  }
  const flags = process.getuid?.() === 0 ? ['-n'] : ['-rn']
  const { status, error } = spawnSync('unshare', [...flags, execPath, ...argv.slice(1)], {
    stdio: 'inherit',
    env: { ...env, ROUTELET_BENCH_INSIDE: '1' },
  })
  if (error) throw new Error(`a network namespace is needed: ${error.message}`)
  exit(status ?? 1)
}

await main()
