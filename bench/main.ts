import { resolve } from 'node:path'
import { argv } from 'node:process'
import { Command, InvalidArgumentError, Option } from 'commander'
import {
  type Flags,
  GROWN,
  INSTALLERS,
  type ReportFlags,
  runCompare,
  runGrowth,
  runKernel,
  runReport,
  runStart,
} from './commands.ts'
import { DAEMONS } from './compare.ts'
import { enterNamespace } from './namespace.ts'
import { SCENARIOS, type Scenario, scenario } from './scenario.ts'
import { SHAPES, unplayable } from './shapes.ts'

/**
 * `npm run bench`: routelet measured side by side with whichever other daemons are installed.
 *
 * Everything runs in a network namespace of its own, so it needs root (or user namespaces) and touches nothing outside.
 */
const program = new Command('bench').description('routelet measured side by side with other BGP daemons')

interface CompareFlags extends Flags {
  readonly scenario?: string[]
  readonly prefixes?: number
  readonly receivers?: number
  readonly seed: number
  readonly quick?: true
  readonly shape: string
  readonly mrt?: string
}

withCommon(program.command('compare', { isDefault: true }), names(DAEMONS.map(({ name }) => name)), 'latest')
  .description('play scenarios against each daemon (the default)')
  .argument('[scenario...]', `what to play: ${SCENARIOS.join(', ')}; none: all`)
  .option('--scenario <name...>', 'the same as an option')
  .option('--prefixes <n>', 'routes per source instead of the scenario’s', count)
  .option('--receivers <n>', 'receivers instead of the scenario’s', count)
  .option('--seed <n>', 'seed of the generated tables', count, 1)
  .option('--quick', 'small tables, one run of each')
  .addOption(new Option('--shape <name>', shapes()).choices(Object.keys(SHAPES)).default('plain'))
  .option('--mrt <file>', 'recorded routes as the load of full or full10: TABLE_DUMP_V2 or BGP4MP (RFC 6396)')
  .option('--profile <dir>', 'write CPU profiles of routelet there')
  .addHelpText('after', () => `\n${howToAdd()}`)
  .action(async (asked: string[], flags: CompareFlags, command: Command) => {
    const scenarios = chosenScenarios(command, [...asked, ...(flags.scenario ?? [])], flags)
    enterNamespace()
    leave(await runCompare(scenarios, { ...flags, repeat: flags.quick ? 1 : flags.repeat }))
  })

program
  .command('start')
  .description('how quickly routelet starts and answers, and its memory when idle')
  .option('--repeat <n>', 'runs of each', count, 9)
  .option('--prefixes <n>', 'routes behind the questions of the command line', count, 1_000_000)
  .option('--json <file>', 'where all figures are written', 'bench/results/start.json')
  .action(async (flags: { repeat: number; prefixes: number; json: string }) => {
    enterNamespace()
    leave(await runStart(flags))
  })

withCommon(program.command('kernel'), names(INSTALLERS), 'kernel')
  .description('routes through the whole path, from the wire into the kernel')
  .option('--prefixes <n,n>', 'how many routes', counts, [10_000, 100_000, 500_000])
  .option('--profile <dir>', 'write CPU profiles of routelet there')
  .action(async (flags: Flags & { prefixes: number[] }) => {
    enterNamespace()
    leave(await runKernel(flags))
  })

withCommon(program.command('growth'), names(GROWN), 'growth')
  .description('time against prefixes, receivers and attribute sets')
  .option('--seed <n>', 'seed of the generated tables', count, 1)
  .option('--quick', 'small tables')
  .action(async (flags: Flags & { seed: number; quick?: true }) => {
    enterNamespace()
    leave(await runGrowth(flags))
  })

program
  .command('report')
  .description('run everything and write docs/benchmarks.md with its plots; some 25 minutes')
  .option('--root <dir...>', 'where the other daemons are installed', ['/'])
  .option('--results <dir>', 'where all runs are written', 'bench/results')
  .option('--docs <dir>', 'where the page goes', 'docs')
  .option('--small', 'small tables, one run of each: to try the report itself')
  .option('--no-run', 'only write the page, from what earlier runs left')
  .action(async (flags: ReportFlags) => {
    enterNamespace()
    leave(await runReport(flags))
  })

await program.parseAsync(argv)

function withCommon(command: Command, peers: string, file: string): Command {
  return command
    .option('--peer <name...>', `daemons: ${peers}`)
    .option('--repeat <n>', 'runs of each', count, file === 'growth' ? 1 : 3)
    .option('--root <dir...>', 'where the other daemons are installed, e.g. / and a debootstrapped newer Debian', ['/'])
    .option('--deadline <seconds>', 'give a run up after this', count, 110)
    .option('--json <file>', 'where all runs are written', `bench/results/${file}.json`)
}

function chosenScenarios(command: Command, asked: readonly string[], flags: CompareFlags): Scenario[] {
  const wanted = asked.length > 0 ? asked : SCENARIOS
  return wanted.map((name) => {
    const { seed, quick = false, prefixes, receivers, shape, mrt } = flags
    const found = scenario(name, { seed, quick, prefixes, receivers, shape, mrt: mrt && resolve(mrt) })
    if (found === undefined)
      return command.error(`unknown scenario '${name}', there are: ${SCENARIOS.join(', ')}`, { exitCode: 2 })
    const problem =
      mrt !== undefined && !['full', 'full10'].includes(name)
        ? 'recorded routes have one source: play full or full10'
        : unplayable(shape, found.play, found.external, found.receivers)
    return problem === undefined ? found : command.error(`${name} cannot be played so: ${problem}`, { exitCode: 2 })
  })
}

function shapes(): string {
  return Object.entries(SHAPES)
    .map(([name, { what }]) => `${name}: ${what}`)
    .join('; ')
}

function howToAdd(): string {
  const lines = DAEMONS.filter(({ name }) => name !== 'null' && name !== 'routelet').map(
    ({ name, howToAdd: how }) => `  ${name.padEnd(9)} ${how}`,
  )
  return `Nothing is installed by this program. To add a daemon, on Debian as root:
${lines.join('\n')}
For newer ones: debootstrap trixie DIR, then chroot DIR apt-get install them, and give --root / --root DIR.`
}

function names(daemons: readonly string[]): string {
  return `${daemons.join(', ')}; none: all that are installed`
}

function leave(well: boolean): never {
  process.exit(well ? 0 : 1)
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
