import { describe, expect, test } from 'vitest'
import type { ControlToCore, CoreToControl, DesiredState } from '../../src/contract.ts'
import { ControlLink } from '../../src/control-link.ts'
import type { Failure } from '../../src/failure.ts'
import type { KeptState, Loaded } from '../../src/state-dir.ts'
import type { WorkerEvents } from '../../src/threads/supervisor.ts'
import { FakeClock } from '../fakes/clock.ts'
import { desired } from '../fakes/desired.ts'
import { recordingLog } from '../fakes/log.ts'

interface Setup {
  readonly kept?: Loaded
  readonly useKeptState?: boolean
}

function link({ kept, useKeptState = true }: Setup = {}) {
  const clock = new FakeClock()
  const log = recordingLog()
  const applied: { readonly asn: number; readonly fromStateDir: boolean }[] = []
  const health: string[] = []
  const keptNow: DesiredState[] = []
  const failures: Failure[] = []
  const workers: { readonly events: WorkerEvents<ControlToCore>; readonly got: CoreToControl[] }[] = []
  const core = {
    get hasApplied() {
      return applied.length > 0
    },
    apply: (state: DesiredState, how: { readonly fromStateDir: boolean }) =>
      void applied.push({ asn: state.speaker.asn, ...how }),
    controlHealth: (synced: boolean, detail: string) =>
      void health.push(`${synced ? 'synced' : 'not synced'}: ${detail}`),
  }
  const control = new ControlLink(
    {
      clock,
      log,
      core,
      keep: (state) => void keptNow.push(state),
      kept,
      fail: (failure) => void failures.push(failure),
      startWorker: (events) => {
        const worker = { events, got: [] as CoreToControl[] }
        workers.push(worker)
        return { post: (message) => void worker.got.push(message), terminate: () => events.exited(1) }
      },
    },
    { useKeptState },
  )
  const says = (message: ControlToCore) => workers.at(-1)?.events.message(message)
  return { clock, log, control, workers, applied, health, keptNow, failures, says }
}

const kept = (asn: number): KeptState => ({ savedAt: 0, bootId: 'b', desired: desired({ asn }) })

describe('the core end of the control link', () => {
  test('puts into force what the worker sends, and keeps it', () => {
    const { says, applied, keptNow } = link()
    says({ type: 'Apply', desired: desired({ asn: 1 }) })
    expect(applied).toEqual([{ asn: 1, fromStateDir: false }])
    expect(keptNow).toEqual([desired({ asn: 1 })])
  })

  test('passes on how the worker is', () => {
    const { says, health } = link()
    says({ type: 'Health', synced: false, detail: 'connection refused' })
    expect(health).toEqual(['not synced: connection refused'])
  })

  test('starts with the kept state when the source stays silent', () => {
    const { clock, applied, keptNow } = link({ kept: kept(7) })
    clock.advance(4999)
    expect(applied).toEqual([])
    clock.advance(1)
    expect(applied).toEqual([{ asn: 7, fromStateDir: true }])
    expect(keptNow).toEqual([])
  })

  test('forgets the kept state once the source has spoken', () => {
    const { clock, says, applied } = link({ kept: kept(7) })
    says({ type: 'Apply', desired: desired({ asn: 1 }) })
    clock.advance(10_000)
    expect(applied).toEqual([{ asn: 1, fromStateDir: false }])
  })

  test('says that the kept state cannot be used, and waits on', () => {
    const { clock, log, applied, failures } = link({ kept: { unreadable: 'cut off' } })
    clock.advance(5000)
    expect(applied).toEqual([])
    expect(failures).toEqual([])
    expect(log.lines).toEqual([expect.objectContaining({ level: 'warn', fields: { reason: 'cut off' } })])
  })

  test('never uses the kept state where files are the source', () => {
    const { clock, applied } = link({ kept: kept(7), useKeptState: false })
    clock.advance(60_000)
    expect(applied).toEqual([])
  })

  test('ends the program when nothing can be used from the start, with every line', () => {
    const { says, failures } = link()
    says({ type: 'Fatal', exitCode: 2, message: 'a.yaml: one\na.yaml: two' })
    expect(failures).toEqual([expect.objectContaining({ exitCode: 2, lines: ['a.yaml: one', 'a.yaml: two'] })])
  })

  test('goes on with what was applied when the source becomes unusable, and tries again', () => {
    const { says, failures, clock, workers, applied, health, log } = link()
    says({ type: 'Apply', desired: desired({ asn: 1 }) })
    says({ type: 'Fatal', exitCode: 2, message: 'a.yaml: one' })
    expect(failures).toEqual([])
    expect(health).toEqual(['not synced: a.yaml: one'])
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error', fields: { reason: 'a.yaml: one' } }))
    clock.advance(100)
    expect(workers).toHaveLength(2)
    says({ type: 'Apply', desired: desired({ asn: 2 }) })
    expect(applied.map(({ asn }) => asn)).toEqual([1, 2])
  })

  test('reads everything again when asked, and the worker hears again what it knew', () => {
    const { control, clock, workers } = link()
    control.send({ type: 'LocalFacts', localAddresses: [], localSubnets: [], routers: new Map() })
    control.reread()
    clock.advance(0)
    expect(workers[1]?.got).toEqual([{ type: 'LocalFacts', localAddresses: [], localSubnets: [], routers: new Map() }])
    expect(control.workerRestarts).toBe(1)
  })

  test('does nothing any more once stopped', () => {
    const { control, clock, workers, applied } = link({ kept: kept(7) })
    control.stop()
    clock.advance(60_000)
    expect(workers).toHaveLength(1)
    expect(applied).toEqual([])
  })
})
