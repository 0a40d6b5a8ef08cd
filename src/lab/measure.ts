import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { entryPoint } from '../version.ts'
import type { Netns } from './netns.ts'
import { SERVICE } from './plan.ts'

/** One probe: when it was sent, and which pod answered. */
export interface Probe {
  readonly at: number
  readonly answer: string | null
}

/** What an interruption cost those who used the service. */
export interface Loss {
  readonly sent: number
  readonly lost: number
  /** From the event to when the last lost probe was sent; 0: none was lost. */
  readonly milliseconds: number
}

export const PROBES_PER_SECOND = 100

/** Asks the service address so many times, each on a new connection; how often each pod answered (`none`: nobody did). */
export async function requestService(client: Netns, count: number): Promise<ReadonlyMap<string, number>> {
  const output = await client.exec(
    process.execPath,
    entryPoint('lab/client'),
    'requests',
    SERVICE.address,
    String(SERVICE.port),
    String(count),
  )
  const answers = output
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { answer: string | null }).answer ?? 'none')
  return countEach(answers)
}

/** Probes the service while `during` runs; says when the event was by returning its time. */
export async function probeDuring(client: Netns, during: () => Promise<number>): Promise<Loss> {
  const argv = ['probe', SERVICE.address, String(SERVICE.port), String(1000 / PROBES_PER_SECOND)]
  const child = client.spawn([process.execPath, entryPoint('lab/client'), ...argv])
  const probes: Probe[] = []
  if (child.stdout === null) throw new TypeError('a program without a log has its output piped')
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => probes.push(JSON.parse(line) as Probe))
  const closed = once(lines, 'close')

  await once(lines, 'line')
  const eventAt = await during()
  child.kill('SIGTERM')
  await closed
  return lossAfter(probes, eventAt)
}

export function lossAfter(probes: readonly Probe[], eventAt: number): Loss {
  const after = probes.filter((probe) => probe.at >= eventAt)
  const lost = after.filter((probe) => probe.answer === null)
  const last = lost.reduce((latest, probe) => Math.max(latest, probe.at), eventAt)
  return { sent: after.length, lost: lost.length, milliseconds: last - eventAt }
}

function countEach(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}
