import { resolve } from 'node:path'
import { stdout } from 'node:process'
import type { Row } from './comparison-table.ts'
import { bird } from './daemons/bird.ts'
import type { Daemon } from './daemons/daemon.ts'
import { frr } from './daemons/frr.ts'
import { gobgp } from './daemons/gobgp.ts'
import { nullSpeaker } from './daemons/null.ts'
import { openbgpd } from './daemons/openbgpd.ts'
import { routelet } from './daemons/routelet.ts'
import { type Measured, runOnce } from './run.ts'
import type { Scenario } from './scenario.ts'
import { SHAPES } from './shapes.ts'

export const DAEMONS: readonly Daemon[] = [nullSpeaker, routelet, bird, frr, gobgp, openbgpd]
/** They are this project's, and need no installation. */
const OURS = ['null', 'routelet']

/** A daemon as it is installed somewhere. */
export interface Contender {
  readonly daemon: Daemon
  /** `bird 2.17.1`: who it is in tables. */
  readonly label: string
  readonly version: string
  readonly root: string
}

/** The ones asked for, or all that are installed below the roots; what is not installed is named, and how to add it. */
export function findContenders(names: readonly string[] | undefined, roots: readonly string[]): Contender[] {
  const found: Contender[] = []
  for (const daemon of DAEMONS.filter(({ name }) => names?.includes(name) ?? true)) {
    const places = OURS.includes(daemon.name) ? ['/'] : roots.map((root) => resolve(root))
    const installed = places.flatMap((root) => {
      const version = daemon.find(root)
      return version === undefined ? [] : [{ daemon, label: labelOf(daemon, version), version, root }]
    })
    if (installed.length === 0) stdout.write(`not installed: ${daemon.name} (${daemon.howToAdd})\n`)
    for (const each of installed) {
      if (found.some(({ label }) => label === each.label)) continue
      stdout.write(`found ${each.label}${each.root === '/' ? '' : ` in ${each.root}`}\n`)
      found.push(each)
    }
  }
  return found
}

function labelOf(daemon: Daemon, version: string): string {
  const [number] = /\d+(\.\d+)+/.exec(version) ?? []
  return number === undefined ? daemon.name : `${daemon.name} ${number}`
}

export interface CompareOptions {
  readonly repeat: number
  readonly deadlineSeconds: number
}

/** One run of each daemon in turn, then again, so that a machine that slows down slows all. */
export async function compare(
  scenario: Scenario,
  contenders: readonly Contender[],
  { repeat, deadlineSeconds }: CompareOptions,
): Promise<Row[]> {
  const runs = new Map<string, Measured[]>(contenders.map(({ label }) => [label, []]))
  const errors = new Map<string, string>()
  const played = contenders.filter(({ daemon }) => plays(daemon, scenario))
  for (let i = 0; i < repeat; i++) {
    for (const contender of played) {
      const { daemon, label } = contender
      if (errors.has(label)) continue
      try {
        const measured = await runOnce(contender, scenario, deadlineSeconds * 1000)
        runs.get(label)!.push(daemon.name === 'null' ? { ...measured, faults: [] } : measured)
        stdout.write(`  ${label}: ${measured.convergenceMs.toFixed(0)} ms\n`)
      } catch (error) {
        errors.set(label, (error as Error).message)
        stdout.write(`  ${(error as Error).message}\n`)
      }
    }
  }
  return played.map(({ daemon, label, version }) => {
    const error = errors.get(label)
    return { scenario, daemon: daemon.name, label, version, runs: runs.get(label)!, ...(error ? { error } : {}) }
  })
}

/** The null speaker copies what comes, which is all that is needed where a table is only spread. */
function plays(daemon: Daemon, { play, shape }: Scenario): boolean {
  if (SHAPES[shape]!.policies && !daemon.hasPolicies) return false
  return daemon.name !== 'null' || ((play === 'table' || play === 'pods') && !SHAPES[shape]!.overlaps)
}
