import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of `/proc/PID/stat` per second; 100 on every Linux that Node runs on. */
const TICKS = 100

export interface Usage {
  readonly cpuSeconds: number
  readonly residentMiB: number
}

/** CPU time and resident memory of a process and all below it. */
export function usage(pid: number): Usage {
  let ticks = 0
  let pages = 0
  for (const each of [pid, ...descendants(pid)]) {
    try {
      const stat = readFileSync(`/proc/${each}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      ticks += Number(fields[11]) + Number(fields[12])
      pages += Number(fields[21])
    } catch {
      // It ended between the look and the read.
    }
  }
  return { cpuSeconds: ticks / TICKS, residentMiB: (pages * 4096) / 2 ** 20 }
}

/** Samples memory until stopped; the peak of the whole tree. */
export function watchMemory(pid: number): () => number {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, usage(pid).residentMiB)
  }, 20)
  return () => {
    clearInterval(timer)
    return Math.max(peak, usage(pid).residentMiB)
  }
}

function descendants(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
    } catch {
      // It ended between the look and the read.
    }
  }
  const found: number[] = []
  const queue = [...(children.get(pid) ?? [])]
  for (const child of queue) {
    found.push(child)
    queue.push(...(children.get(child) ?? []))
  }
  return found
}
