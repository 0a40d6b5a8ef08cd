import { cpus, release, totalmem } from 'node:os'

/** Where and when figures were measured; stands with each result. */
export interface Machine {
  readonly date: string
  readonly kernel: string
  readonly processor: string
  readonly processors: number
  readonly memoryGiB: number
  readonly node: string
}

export function machine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 16),
    kernel: release(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  }
}

export function machineLine({ date, kernel, processor, processors, memoryGiB, node }: Machine): string {
  return `${date} UTC · Linux ${kernel} · ${processors} × ${processor} · ${memoryGiB} GiB · Node ${node}`
}
