import {
  findCycle,
  functionsOf,
  type Import,
  importsOf,
  isIn,
  type SourceFile,
  withoutComments,
  withoutStrings,
} from './architecture.ts'

export const LONGEST_FILE_LINES = 300
export const LONGEST_FUNCTION_LINES = 70

/** Tables are as long as the registries they copy. */
const TABLES = ['bgp/wire/iana.ts']

/** What a room may import besides itself. What is not named here has no room. */
const ROOMS: readonly {
  readonly room: string
  readonly mayImport: readonly string[]
  readonly node: readonly string[]
}[] = [
  { room: 'routing/ip/', mayImport: [], node: [] },
  { room: 'bgp/', mayImport: ['routing/ip/'], node: ['node:assert'] },
  { room: 'routing/', mayImport: [], node: ['node:assert', 'node:fs', 'node:os', 'node:events'] },
]

/** The one folder (or file) that knows each third-party package. */
export const PACKAGE_HOMES: Readonly<Record<string, string>> = {
  '@kubernetes/client-node': 'src/kube/',
  '@marcbachmann/cel-js': 'src/objects/',
  'cli-table3': 'src/cli/',
  commander: 'src/cli/',
  koffi: 'src/platform/',
  netlink: 'routing/netlink/',
  pino: 'src/telemetry/',
  'prom-client': 'src/telemetry/',
  'smart-buffer': 'bgp/wire/',
  yaml: 'src/objects/',
}

/** Values in, values out: no time, no chance, no waiting, no output. */
const PURE = [
  'routing/ip/',
  'bgp/wire/',
  'bgp/session/',
  'bgp/rib/',
  'routing/fib/fib.ts',
  'src/desired/',
  'src/ipam/',
  'src/join/',
]
const IMPURE_AFTER_ALL = ['bgp/peer/leg.ts']
const IMPURE =
  /\b(async|await|Date|setTimeout|setInterval|setImmediate|performance|console)\b|\bprocess\.|\bMath\.random\b|\blog\.\w+\(/

/** Where the clock of the machine may be read; all else is given a `Clock`. */
const CLOCK_PLACES = ['src/platform/', 'src/cli/', 'src/lab/', 'src/telemetry/']
const CLOCK = /\b(Date\.now|performance\.now|setTimeout|setInterval)\b/

const PURE_FOLDERS_NEVER_IMPORT = ['src/kube/', 'src/threads/', 'src/platform/', 'src/telemetry/']

/** One sentence per broken rule and file. */
export function brokenRules(files: readonly SourceFile[]): string[] {
  const cycle = findCycle(files)
  return [
    ...files.flatMap((file) => brokenBy(file)),
    ...(cycle ? [`imports run in a circle: ${cycle.join(' → ')}`] : []),
  ]
}

function brokenBy(file: SourceFile): string[] {
  const imports = importsOf(file)
  const problems = [
    ...imports.flatMap((each) => [
      ...roomProblems(file, each),
      ...packageProblems(file, each),
      ...purityOfImport(file, each),
    ]),
    ...impurities(file),
    ...sizeProblems(file),
  ]
  return problems.map((problem) => `${file.path}: ${problem}`)
}

function roomProblems(file: SourceFile, { kind, target }: Import): string[] {
  const found = ROOMS.find(({ room }) => isIn(file.path, room))
  if (!found || kind === 'package') return []
  const allowed = kind === 'node' ? found.node : [found.room, ...found.mayImport]
  return allowed.some((place) => isIn(target, place)) ? [] : [`${found.room} may not import ${target}`]
}

function packageProblems(file: SourceFile, { kind, target }: Import): string[] {
  if (kind !== 'package') return []
  const home = PACKAGE_HOMES[target]
  if (home === undefined) return [`the package ${target} has no home; name one in the rules`]
  return isIn(file.path, home) ? [] : [`only ${home} may import the package ${target}`]
}

function isPure(path: string): boolean {
  return PURE.some((place) => isIn(path, place)) && !IMPURE_AFTER_ALL.includes(path)
}

function purityOfImport(file: SourceFile, { target }: Import): string[] {
  if (!isPure(file.path)) return []
  return PURE_FOLDERS_NEVER_IMPORT.some((place) => isIn(target, place)) ? [`a pure file may not import ${target}`] : []
}

function impurities(file: SourceFile): string[] {
  const code = withoutStrings(withoutComments(file.text))
  const [impure] = (isPure(file.path) && IMPURE.exec(code)) || []
  if (impure !== undefined) return [`is pure, yet says ${impure}`]
  const [clock] = (!CLOCK_PLACES.some((place) => isIn(file.path, place)) && CLOCK.exec(code)) || []
  return clock === undefined ? [] : [`asks for the time by ${clock}; a Clock is to be given to it`]
}

function sizeProblems(file: SourceFile): string[] {
  if (TABLES.includes(file.path)) return []
  const lines = file.text.split('\n').length - 1
  return [
    ...(lines > LONGEST_FILE_LINES ? [`has ${lines} lines, at most ${LONGEST_FILE_LINES} are good`] : []),
    ...functionsOf(file)
      .filter((each) => each.lines > LONGEST_FUNCTION_LINES)
      .map(({ name, lines: long }) => `${name} has ${long} lines, at most ${LONGEST_FUNCTION_LINES} are good`),
  ]
}
