import type { Clock } from '../../bgp/ports.ts'
import type { ControlToCore, CoreToControl } from '../contract.ts'
import { type ControlOptions, type ControlPort, type StartSource, startControl } from '../control.ts'
import { loadFiles } from '../files/load.ts'
import { fileSource } from '../files/source.ts'
import { loadAside } from './load-aside.ts'
import type { StartWorker, WorkerEvents } from './supervisor.ts'

/**
 * The control side of files, in the core's own thread: a worker for it would double the time of a start and the memory
 * at rest. The first reading is done here, before there is anything to hold up; later ones in a thread that ends with
 * them.
 */
export function controlHere(options: ControlOptions, clock: Clock): StartWorker<CoreToControl, ControlToCore> {
  let readings = 0
  const load = (path: string) => (readings++ === 0 ? loadFiles(path) : loadAside(path))
  const startSource: StartSource = ({ source }, ofClock, events) => {
    if (source.type !== 'files') throw new TypeError('the API is followed in a thread of its own')
    return fileSource(source.path, ofClock, events, load)
  }
  return (events) => new ControlHere(options, clock, startSource, events)
}

/** Looks like a worker from outside, down to what happens when it throws. */
class ControlHere {
  readonly #events: WorkerEvents<ControlToCore>
  readonly #control: { stop(): void }
  #receive: ((message: CoreToControl) => void) | undefined
  #ended = false

  constructor(options: ControlOptions, clock: Clock, start: StartSource, events: WorkerEvents<ControlToCore>) {
    this.#events = events
    const port: ControlPort = {
      // Not within the call that starts it, as with a worker.
      send: (message) =>
        queueMicrotask(() => {
          if (!this.#ended) events.message(message)
        }),
      onMessage: (receive) => {
        this.#receive = receive
      },
    }
    const guarded: Clock = { ...clock, after: (ms, fire) => clock.after(ms, () => this.#attempt(fire)) }
    this.#control = startControl(options, port, guarded, start)
  }

  post(message: CoreToControl): void {
    this.#attempt(() => this.#receive?.(message))
  }

  terminate(): void {
    this.#end(1)
  }

  #attempt(work: () => void): void {
    if (this.#ended) return
    try {
      work()
    } catch (error) {
      this.#events.failed(error instanceof Error ? error : new Error(String(error)))
      this.#end(1)
    }
  }

  #end(exitCode: number): void {
    if (this.#ended) return
    this.#ended = true
    this.#control.stop()
    queueMicrotask(() => this.#events.exited(exitCode))
  }
}
