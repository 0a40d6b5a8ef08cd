import { execFileSync, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { argv, env, execPath, exit, stdout } from 'node:process'
import Table from 'cli-table3'
import { Command, InvalidArgumentError } from 'commander'
import { routelet } from './daemons/routelet.ts'
import { type Measured, runOnce } from './run.ts'
import { scenario } from './scenario.ts'

/**
 * `npm run bench -- full --prefixes 200000`: one source, one receiver, through the reflector.
 *
 * Runs in a network namespace of its own, so it needs root (or user namespaces) and touches nothing outside.
 */
async function main(): Promise<void> {
  const program = new Command('bench')
    .argument('[scenario]', 'what to play: full', 'full')
    .option('--prefixes <n>', 'routes per source', count, 200_000)
    .option('--repeat <n>', 'runs', count, 3)
    .option('--seed <n>', 'seed of the generated table', count, 1)
    .option('--profile <dir>', 'write CPU profiles of routelet there')
    .option('--json', 'print JSON only')
  program.parse(argv)
  const options = program.opts<{ prefixes: number; repeat: number; seed: number; profile?: string; json?: true }>()
  if (options.profile !== undefined) env['ROUTELET_BENCH_PROFILE'] = resolve(options.profile)
  const wanted = scenario(program.args[0] ?? 'full', options.prefixes, options.seed)
  if (wanted === undefined) program.error(`unknown scenario '${program.args[0]}', there is: full`, { exitCode: 2 })
  enterNamespace()

  const runs: Measured[] = []
  for (let i = 0; i < options.repeat; i++) runs.push(await runOnce(routelet, wanted!))
  const faults = runs.flatMap((run) => run.faults)
  if (options.json) stdout.write(`${JSON.stringify({ scenario: wanted, daemon: routelet.find(), runs }, null, 2)}\n`)
  else stdout.write(`${render(wanted!.name, options, runs)}\n`)
  for (const fault of faults) stdout.write(`WRONG: ${fault}\n`)
  exit(faults.length === 0 ? 0 : 1)
}

function render(name: string, { prefixes, repeat }: { prefixes: number; repeat: number }, runs: Measured[]): string {
  const table = new Table({ head: ['scenario', 'routes', 'convergence', 'CPU', 'peak memory', 'UPDATEs', 'octets'] })
  table.push([
    name,
    prefixes,
    `${median(runs.map((run) => run.convergenceMs)).toFixed(0)} ms`,
    `${median(runs.map((run) => run.cpuSeconds)).toFixed(2)} s`,
    `${median(runs.map((run) => run.peakMiB)).toFixed(0)} MiB`,
    median(runs.map((run) => run.updates)),
    median(runs.map((run) => run.octets)),
  ])
  return `${routelet.name} ${routelet.find()}, median of ${repeat}; every receiver's routes were checked\n${table}`
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

function count(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0 is wanted')
  return value
}

/** Starts this program again in a namespace with nothing but a loopback that has all the addresses of the scenario. */
function enterNamespace(): void {
  if (env['ROUTELET_BENCH_INSIDE'] === '1') {
    execFileSync('ip', ['link', 'set', 'lo', 'up'])
    execFileSync('ip', ['addr', 'replace', '10.99.0.0/16', 'dev', 'lo'])
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
