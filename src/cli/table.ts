import Table from 'cli-table3'

/** Cells as kubectl and birdc print them: columns of text, no frame, `-` for what there is not. */
export type Cell = string | number | undefined

const FRAMELESS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((part) => [part, '']),
)
const GAP = 3

/** A table printed in parts: later parts keep the widths of earlier ones, and grow them where they must. */
export class TextTable {
  readonly #head: readonly string[]
  #widths: readonly number[]
  #headPrinted = false

  constructor(head: readonly string[]) {
    this.#head = head
    this.#widths = head.map((title) => title.length)
  }

  /** These rows as text, under the column headers when they are the first. */
  render(rows: readonly (readonly Cell[])[]): string {
    const cells = rows.map((row) => row.map(textOf))
    const lines = this.#headPrinted ? cells : [this.#head.map(String), ...cells]
    this.#headPrinted = true
    if (lines.length === 0) return ''
    this.#widths = this.#widths.map((width, column) =>
      Math.max(width, ...lines.map((line) => line[column]?.length ?? 0)),
    )
    const table = new Table({
      chars: FRAMELESS,
      style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [] },
      colWidths: this.#widths.map((width) => width + GAP),
    })
    table.push(...lines)
    return `${withoutTrailingSpace(table.toString())}\n`
  }
}

/** `Name:   value` lines, as `kubectl describe` has them; lines without a value are left out. */
export function describe(fields: readonly (readonly [name: string, value: Cell])[], indent = ''): string {
  const present = fields.filter(([, value]) => value !== undefined)
  const width = Math.max(...present.map(([name]) => name.length)) + 1
  return present.map(([name, value]) => `${indent}${`${name}:`.padEnd(width + 2)}${value}\n`).join('')
}

function textOf(cell: Cell): string {
  return cell === undefined || cell === '' ? '-' : String(cell)
}

function withoutTrailingSpace(text: string): string {
  return text.replace(/ +$/gm, '')
}
