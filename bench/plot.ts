/** A line chart on logarithmic axes, as SVG; growth that is linear is a straight line of slope one. */
export interface Chart {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[]
}

const WIDTH = 640
const HEIGHT = 400
const MARGIN = { left: 70, right: 130, top: 40, bottom: 50 }
const COLOURS = ['#0b62c4', '#c4460b', '#2a8a3a', '#7d3ac1', '#9a7b00', '#555555']

export function plot({ title, x, y, series }: Chart): string {
  const points = series.flatMap((each) => each.points)
  const across = scale(
    points.map(([px]) => px),
    MARGIN.left,
    WIDTH - MARGIN.right,
  )
  const up = scale(
    points.map(([, py]) => py),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  )
  const bottom = HEIGHT - MARGIN.bottom
  const parts = [
    `<rect width="100%" height="100%" fill="white"/>`,
    text(WIDTH / 2 - 30, 22, title, 'middle', 15),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 12, x, 'middle'),
    text(14, MARGIN.top - 12, y, 'start'),
    ...across.ticks.flatMap((value) => [
      line(across.at(value), MARGIN.top, across.at(value), bottom),
      text(across.at(value), bottom + 16, short(value), 'middle'),
    ]),
    ...up.ticks.flatMap((value) => [
      line(MARGIN.left, up.at(value), WIDTH - MARGIN.right, up.at(value)),
      text(MARGIN.left - 6, up.at(value) + 4, short(value), 'end'),
    ]),
    ...series.flatMap(({ name, points: own }, i) => {
      const colour = COLOURS[i % COLOURS.length]!
      const at = own.map(([px, py]) => `${across.at(px).toFixed(1)},${up.at(py).toFixed(1)}`)
      return [
        `<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...at.map(
          (point) => `<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="3" fill="${colour}"/>`,
        ),
        text(WIDTH - MARGIN.right + 10, MARGIN.top + 16 + i * 18, name, 'start', 12, colour),
      ]
    }),
  ]
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif">`
  return `${head}\n${parts.join('\n')}\n</svg>\n`
}

/** From one power of ten to another. */
function scale(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
    at: (value: number) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
  }
}

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  return value >= 1e3 ? `${value / 1e3}k` : String(Number(value.toPrecision(2)))
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#dddddd"/>`
}

function text(x: number, y: number, words: string, anchor: string, size = 12, colour = '#222222'): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}" fill="${colour}">${escaped}</text>`
}
