import { describe, expect, test } from 'vitest'
import { Supervisor, type WorkerEvents } from '../../../src/threads/supervisor.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { recordingLog } from '../../fakes/log.ts'

type Input = { readonly type: 'Facts' | 'Status'; readonly value: number }

function supervise() {
  const clock = new FakeClock()
  const log = recordingLog()
  const workers: { readonly events: WorkerEvents<string>; readonly got: Input[]; terminated: boolean }[] = []
  const heard: string[] = []
  const supervisor = new Supervisor<Input, string>(
    {
      clock,
      log,
      start: (events) => {
        const worker = { events, got: [] as Input[], terminated: false }
        workers.push(worker)
        return {
          post: (message) => void worker.got.push(message),
          terminate: () => {
            worker.terminated = true
            events.exited(1)
          },
        }
      },
    },
    (message) => void heard.push(message),
  )
  const crash = () => {
    workers.at(-1)?.events.failed(new Error('out of memory'))
    workers.at(-1)?.events.exited(1)
  }
  return { clock, log, supervisor, workers, heard, crash }
}

describe('a supervised worker', () => {
  test('is heard and spoken to', () => {
    const { supervisor, workers, heard } = supervise()
    supervisor.post({ type: 'Facts', value: 1 })
    workers[0]?.events.message('hello')
    expect(workers[0]?.got).toEqual([{ type: 'Facts', value: 1 }])
    expect(heard).toEqual(['hello'])
  })

  test('is started again after a crash, and gets the last message of each type once more', () => {
    const { clock, supervisor, workers, crash, log } = supervise()
    supervisor.post({ type: 'Facts', value: 1 })
    supervisor.post({ type: 'Status', value: 2 })
    supervisor.post({ type: 'Facts', value: 3 })
    crash()
    expect(workers).toHaveLength(1)
    clock.advance(100)
    expect(workers[1]?.got).toEqual([
      { type: 'Facts', value: 3 },
      { type: 'Status', value: 2 },
    ])
    expect(supervisor.restarts).toBe(1)
    expect(log.lines.map(({ message }) => message)).toEqual([
      'the control worker crashed',
      'the control worker ended and is started again',
    ])
  })

  test('gets what is said while it is down when it is back', () => {
    const { clock, supervisor, workers, crash } = supervise()
    crash()
    supervisor.post({ type: 'Status', value: 7 })
    clock.advance(100)
    expect(workers[1]?.got).toEqual([{ type: 'Status', value: 7 }])
  })

  test('is started at growing intervals while it keeps crashing, at most half a minute apart', () => {
    const { clock, workers, crash } = supervise()
    const waits: number[] = []
    for (let i = 0; i < 12; i++) {
      crash()
      const crashedAt = clock.now()
      clock.runUntil(() => workers.length === i + 2)
      waits.push(clock.now() - crashedAt)
    }
    expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800])
    expect(waits.at(-1)).toBe(30_000)
  })

  test('that ran well for a minute starts quickly again', () => {
    const { clock, workers, crash } = supervise()
    crash()
    clock.advance(100)
    crash()
    clock.advance(200)
    clock.advance(60_000)
    crash()
    clock.advance(100)
    expect(workers).toHaveLength(4)
  })

  test('is started afresh at once when asked', () => {
    const { clock, supervisor, workers } = supervise()
    supervisor.restart()
    clock.advance(0)
    expect(workers[0]?.terminated).toBe(true)
    expect(workers).toHaveLength(2)
  })

  test('is started afresh after the back-off when told to retry', () => {
    const { clock, supervisor, workers } = supervise()
    supervisor.retry()
    clock.advance(99)
    expect(workers).toHaveLength(1)
    clock.advance(1)
    expect(workers).toHaveLength(2)
  })

  test('stays down once stopped', () => {
    const { clock, supervisor, workers } = supervise()
    supervisor.stop()
    clock.advance(120_000)
    expect(workers).toHaveLength(1)
    expect(supervisor.restarts).toBe(0)
  })

  test('says nothing any more once its successor runs', () => {
    const { clock, workers, heard, crash } = supervise()
    crash()
    clock.advance(100)
    workers[0]?.events.message('late')
    expect(heard).toEqual([])
  })
})
