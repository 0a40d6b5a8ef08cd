import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Row, renderMarkdown, warnings } from './comparison-table.ts'
import { type Growth, plotGrowth } from './growth.ts'
import { type KernelRow, renderKernelMarkdown } from './kernel.ts'
import { type Machine, machineLine } from './machine.ts'
import { renderStartMarkdown, type StartFigure } from './start.ts'

interface Results {
  readonly command: readonly string[]
  readonly machine: Machine
  readonly rows?: unknown
  readonly figures?: unknown
  readonly growth?: unknown
}

/** The parts of the page, each with the file its command leaves, and how it is shown. */
const PARTS: readonly {
  readonly file: string
  readonly title: string
  show(results: Results, plots: string): string
}[] = [
  { file: 'latest.json', title: 'Side by side', show: ({ rows }) => compared(rows as Row[]) },
  { file: 'growth.json', title: 'Growth', show: ({ growth }, plots) => grown(growth as Growth[], plots) },
  { file: 'kernel.json', title: 'Into the kernel', show: ({ rows }) => renderKernelMarkdown(rows as KernelRow[]) },
  { file: 'start.json', title: 'Start and rest', show: ({ figures }) => renderStartMarkdown(figures as StartFigure[]) },
]

/** Writes `docs/benchmarks.md` and its plots from what the commands left in the folder of results. */
export function writePage(results: string, docs: string): void {
  const plots = join(docs, 'benchmarks')
  mkdirSync(plots, { recursive: true })
  const parts = PARTS.flatMap(({ file, title, show }) => {
    const path = join(results, file)
    if (!existsSync(path)) return []
    const found = JSON.parse(readFileSync(path, 'utf8')) as Results
    const how = `\`npm run bench -- ${found.command.join(' ')}\`, ${machineLine(found.machine)}`
    return [`## ${title}\n\n${how}\n\n${show(found, plots)}\n`]
  })
  writeFileSync(join(docs, 'benchmarks.md'), `${HEAD}\n${parts.join('\n')}`)
}

const HEAD = `# Benchmarks

Written by \`npm run bench -- report\`; each table stands under the command that made it. Daemons run pinned to one
processor, generator and receivers to the other; runs are interleaved, figures are medians, and every receiver's routes
and attributes are checked. The ratio is routelet's figure to that of the best other daemon: below 1 is better. "null"
copies octets without reading them, which is the limit of generator and receivers.
`

function compared(rows: readonly Row[]): string {
  return [renderMarkdown(rows), ...warnings(rows).map((line) => `- ${line}`)].join('\n\n')
}

function grown(growth: readonly Growth[], plots: string): string {
  return growth
    .map((each) => {
      writeFileSync(join(plots, `${each.name}.svg`), plotGrowth(each))
      return `![${each.title}](benchmarks/${each.name}.svg)`
    })
    .join('\n\n')
}
