import { appendFileSync } from 'node:fs'
import { env } from 'node:process'
import { isMainThread } from 'node:worker_threads'

/**
 * Loaded into routelet by the bench (`node --import`): on SIGUSR2 it writes how long the event loop of the main thread
 * stood still at most since the last such signal, in milliseconds, as a line of the file that ROUTELET_BENCH_STALLS names.
 */
const EVERY_MS = 2

if (isMainThread && env['ROUTELET_BENCH_STALLS'] !== undefined) watch(env['ROUTELET_BENCH_STALLS'])

function watch(file: string): void {
  let longest = 0
  let last = performance.now()
  const look = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last - EVERY_MS)
    last = now
  }
  setInterval(look, EVERY_MS).unref()
  process.on('SIGUSR2', () => {
    look()
    appendFileSync(file, `${longest.toFixed(2)}\n`)
    longest = 0
    last = performance.now()
  })
}
