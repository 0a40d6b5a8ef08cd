import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { argv, env, stdout } from 'node:process'
import { Command, InvalidArgumentError } from 'commander'
import { compare, DAEMONS, findContenders } from './compare.ts'
import { type Row, render, warnings } from './comparison-table.ts'
import { measureKernel, renderKernel } from './kernel.ts'
import { machine, machineLine } from './machine.ts'
import { enterNamespace } from './namespace.ts'
import { SCENARIOS, type Scenario, scenario } from './scenario.ts'
import { measureStart, renderStart } from './start.ts'

const INSTALLERS = DAEMONS.filter(({ prepareKernel }) => prepareKernel !== undefined).map(({ name }) => name)

interface KernelFlags {
  readonly peer?: string[]
  readonly repeat: number
  readonly prefixes: number[]
  readonly root: string[]
  readonly deadline: number
  readonly json: string
  readonly profile?: string
}

/**
 * `npm run bench`: routelet measured side by side with whichever other daemons are installed.
 *
 * Everything runs in a network namespace of its own, so it needs root (or user namespaces) and touches nothing outside.
 */
const program = new Command('bench').description('routelet measured side by side with other BGP daemons')

interface CompareFlags {
  readonly scenario?: string[]
  readonly peer?: string[]
  readonly repeat: number
  readonly prefixes?: number
  readonly receivers?: number
  readonly seed: number
  readonly quick?: true
  readonly root: string[]
  readonly deadline: number
  readonly json: string
  readonly profile?: string
}

program
  .command('compare', { isDefault: true })
  .description('play scenarios against each daemon (the default)')
  .argument('[scenario...]', `what to play: ${SCENARIOS.join(', ')}; none: all`)
  .option('--scenario <name...>', 'the same as an option')
  .option('--peer <name...>', `daemons: ${DAEMONS.map(({ name }) => name).join(', ')}; none: all that are installed`)
  .option('--repeat <n>', 'runs of each', count, 3)
  .option('--prefixes <n>', 'routes per source instead of the scenario’s', count)
  .option('--receivers <n>', 'receivers instead of the scenario’s', count)
  .option('--seed <n>', 'seed of the generated tables', count, 1)
  .option('--quick', 'small tables, one run of each')
  .option('--root <dir...>', 'where the other daemons are installed, e.g. / and a debootstrapped newer Debian', ['/'])
  .option('--deadline <seconds>', 'give a run up after this', count, 110)
  .option('--json <file>', 'where all runs are written', 'bench/results/latest.json')
  .option('--profile <dir>', 'write CPU profiles of routelet there')
  .addHelpText('after', () => `\n${howToAdd()}`)
  .action(async (names: string[], flags: CompareFlags, command: Command) => {
    if (flags.profile !== undefined) env['ROUTELET_BENCH_PROFILE'] = resolve(flags.profile)
    const scenarios = chosenScenarios(command, [...names, ...(flags.scenario ?? [])], flags)
    enterNamespace()
    await compareAll(scenarios, flags)
  })

program
  .command('start')
  .description('how quickly routelet starts and answers, and its memory when idle')
  .option('--repeat <n>', 'runs of each', count, 9)
  .option('--prefixes <n>', 'routes behind the questions of the command line', count, 1_000_000)
  .option('--json <file>', 'where all figures are written', 'bench/results/start.json')
  .action(async (flags: { repeat: number; prefixes: number; json: string }) => {
    enterNamespace()
    const figures = await measureStart(flags)
    stdout.write(`${machineLine(machine())}\n${renderStart(figures)}\n`)
    writeResults(flags.json, { figures })
  })

program
  .command('kernel')
  .description('routes through the whole path, from the wire into the kernel')
  .option('--peer <name...>', `daemons: ${INSTALLERS.join(', ')}; none: all that are installed`)
  .option('--repeat <n>', 'runs of each', count, 3)
  .option('--prefixes <n,n>', 'how many routes', counts, [10_000, 100_000, 500_000])
  .option('--root <dir...>', 'where the other daemons are installed', ['/'])
  .option('--deadline <seconds>', 'give an action up after this', count, 110)
  .option('--json <file>', 'where all runs are written', 'bench/results/kernel.json')
  .option('--profile <dir>', 'write CPU profiles of routelet there')
  .action(async (flags: KernelFlags) => {
    if (flags.profile !== undefined) env['ROUTELET_BENCH_PROFILE'] = resolve(flags.profile)
    enterNamespace()
    const contenders = findContenders(flags.peer ?? INSTALLERS, flags.root)
    const { prefixes: sizes, repeat, deadline: deadlineSeconds } = flags
    const rows = await measureKernel(contenders, { sizes, repeat, deadlineSeconds })
    stdout.write(`${machineLine(machine())}\n${renderKernel(rows)}\n`)
    writeResults(flags.json, { rows })
    process.exit(rows.some(({ daemon, error }) => daemon === 'routelet' && error) ? 1 : 0)
  })

await program.parseAsync(argv)

async function compareAll(scenarios: readonly Scenario[], flags: CompareFlags): Promise<void> {
  const { peer, root, deadline: deadlineSeconds } = flags
  const repeat = flags.quick ? 1 : flags.repeat
  const contenders = findContenders(peer, root)
  const rows: Row[] = []
  for (const each of scenarios) {
    stdout.write(`${each.name}: ${each.what}\n`)
    rows.push(...(await compare(each, contenders, { repeat, deadlineSeconds })))
  }
  stdout.write(`${machineLine(machine())}\n${render(rows)}\n`)
  for (const line of warnings(rows)) stdout.write(`${line}\n`)
  writeResults(flags.json, { rows })
  stdout.write(`medians of ${repeat}, every receiver's routes and attributes checked; all runs are in ${flags.json}\n`)
  const failed = rows.some(
    ({ daemon, runs, error }) => daemon === 'routelet' && (error || runs.some((run) => run.faults.length > 0)),
  )
  process.exit(failed ? 1 : 0)
}

function chosenScenarios(command: Command, asked: readonly string[], flags: CompareFlags): Scenario[] {
  const names = asked.length > 0 ? asked : SCENARIOS
  return names.map((name) => {
    const { seed, quick = false, prefixes, receivers } = flags
    const found = scenario(name, { seed, quick, prefixes, receivers })
    return found ?? command.error(`unknown scenario '${name}', there are: ${SCENARIOS.join(', ')}`, { exitCode: 2 })
  })
}

function howToAdd(): string {
  const lines = DAEMONS.filter(({ name }) => name !== 'null' && name !== 'routelet').map(
    ({ name, howToAdd: how }) => `  ${name.padEnd(9)} ${how}`,
  )
  return `Nothing is installed by this program. To add a daemon, on Debian as root:
${lines.join('\n')}
For newer ones: debootstrap trixie DIR, then chroot DIR apt-get install them, and give --root / --root DIR.`
}

function writeResults(file: string, results: object): void {
  mkdirSync(dirname(resolve(file)), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ command: argv.slice(2), machine: machine(), ...results }, null, 2)}\n`)
}

function count(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0 is wanted')
  return value
}

/** `10000,100000` */
function counts(text: string): number[] {
  return text.split(',').map(count)
}
