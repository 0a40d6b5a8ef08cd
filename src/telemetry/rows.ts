import { Counter, Gauge, type Registry } from 'prom-client'

/** The text, and what to call it. */
export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
}

export type Labels = Readonly<Record<string, string>>
export type Sample = readonly [labels: Labels, value: number]

/** A metric: what it is called, and its values at the moment they are asked for. */
export interface Row<From> {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly samples: (from: From) => readonly Sample[]
}

export function counter<From>(registry: Registry, row: Row<From>, samples: () => readonly Sample[]): void {
  const metric = new Counter({
    ...definition(registry, row),
    collect: () => {
      metric.reset()
      for (const [labels, value] of samples()) metric.inc(labels, value)
    },
  })
}

export function gauge<From>(registry: Registry, row: Row<From>, samples: () => readonly Sample[]): void {
  const metric = new Gauge({
    ...definition(registry, row),
    collect: () => {
      metric.reset()
      for (const [labels, value] of samples()) metric.set(labels, value)
    },
  })
}

function definition<From>(registry: Registry, row: Row<From>) {
  return { name: row.name, help: row.help, labelNames: row.labels, registers: [registry] }
}
