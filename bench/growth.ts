import { stdout } from 'node:process'
import { type CompareOptions, type Contender, compare } from './compare.ts'
import { type Row, timeOfRow } from './comparison-table.ts'
import { plot } from './plot.ts'
import { type Scenario, scenario } from './scenario.ts'

/** How costs grow in one measure while the others stay. */
export interface Growth {
  readonly name: string
  readonly title: string
  readonly x: string
  readonly steps: readonly { readonly at: number; readonly rows: readonly Row[] }[]
}

interface Axis {
  readonly name: string
  readonly title: string
  readonly x: string
  readonly values: readonly number[]
  readonly small: readonly number[]
  play(base: Scenario, value: number, quick: boolean): Scenario
}

const AXES: readonly Axis[] = [
  {
    name: 'prefixes',
    title: 'one source, one receiver, more and more prefixes',
    x: 'prefixes',
    values: [10_000, 100_000, 1_000_000, 2_000_000],
    small: [1000, 10_000, 50_000],
    play: (base, value) => ({ ...base, prefixesPerSource: value }),
  },
  {
    name: 'receivers',
    title: 'one source of 20,000 prefixes, more and more receivers',
    x: 'receivers',
    values: [1, 10, 100, 500],
    small: [1, 10, 50],
    play: (base, value, quick) => ({ ...base, prefixesPerSource: quick ? 1000 : 20_000, receivers: value }),
  },
  {
    name: 'sets',
    title: 'one million prefixes in more and more attribute sets',
    x: 'attribute sets',
    values: [1000, 10_000, 100_000, 1_000_000],
    small: [10, 100, 1000],
    play: (base, value, quick) => {
      const prefixesPerSource = quick ? 20_000 : 1_000_000
      return { ...base, prefixesPerSource, prefixesPerSet: prefixesPerSource / value }
    },
  },
]

/** One source and its receivers along each axis, for every daemon. */
export async function measureGrowth(
  contenders: readonly Contender[],
  options: CompareOptions & { readonly seed: number; readonly quick: boolean },
): Promise<Growth[]> {
  const { seed, quick } = options
  const base = scenario('full', { seed, quick: false, prefixes: undefined, receivers: undefined })!
  const grown: Growth[] = []
  for (const { name, title, x, values, small, play } of AXES) {
    const steps: { at: number; rows: Row[] }[] = []
    for (const at of quick ? small : values) {
      stdout.write(`${name}: ${at}\n`)
      const step = { ...play(base, at, quick), name: `${name} ${at}` }
      steps.push({ at, rows: await compare(step, contenders, options) })
    }
    grown.push({ name, title, x, steps })
  }
  return grown
}

/** The plot of a growth: time against size. */
export function plotGrowth({ title, x, steps }: Growth): string {
  const labels = [...new Set(steps.flatMap(({ rows }) => rows.map(({ label }) => label)))]
  const series = labels.map((name) => ({
    name,
    points: steps.flatMap(({ at, rows }) => {
      const row = rows.find(({ label, runs }) => label === name && runs.length > 0)
      return row === undefined ? [] : [[at, timeOfRow(row)] as const]
    }),
  }))
  return plot({ title, x, y: 'ms', series })
}
