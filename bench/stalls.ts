import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const WITHIN_MS = 20_000

/** What a routelet is started with so that the stalls of its event loop can be asked for. */
export function stallWatchEnv(folder: string): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=${join(import.meta.dirname, 'daemons/loop-watch.ts')}`,
    ROUTELET_BENCH_STALLS: fileIn(folder),
  }
}

/** The longest stall since it was last asked for, in milliseconds; undefined when the process tells none. */
export async function longestStall(pid: number, folder: string): Promise<number | undefined> {
  const file = fileIn(folder)
  const before = linesOf(file).length
  process.kill(pid, 'SIGUSR2')
  const end = performance.now() + WITHIN_MS
  while (performance.now() < end) {
    const lines = linesOf(file)
    if (lines.length > before) return Number(lines.at(-1))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return undefined
}

function fileIn(folder: string): string {
  return join(folder, 'stalls')
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : []
}
