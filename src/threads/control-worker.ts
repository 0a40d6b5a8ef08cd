import { Worker } from 'node:worker_threads'
import { entryPoint } from '../version.ts'
import type { StartWorker, WorkerEvents, WorkerHandle } from './supervisor.ts'

const SHELL = entryPoint('threads/control-thread')

/**
 * Starts the control side in a thread of its own; `options` must be plain data. The first worker begins at once, while
 * the core is still being loaded, and what it says is kept until somebody listens.
 */
export function controlWorker<Input, Output>(options: object): StartWorker<Input, Output> {
  let early: EarlyWorker<Input, Output> | undefined = new EarlyWorker(options)
  return (events) => {
    const worker = early ?? new EarlyWorker<Input, Output>(options)
    early = undefined
    return worker.listen(events)
  }
}

class EarlyWorker<Input, Output> {
  readonly #worker: Worker
  #tell: (event: (to: WorkerEvents<Output>) => void) => void
  readonly #kept: ((to: WorkerEvents<Output>) => void)[] = []

  constructor(options: object) {
    this.#tell = (event) => this.#kept.push(event)
    this.#worker = new Worker(SHELL, { name: 'control', workerData: options })
    this.#worker.on('message', (message: Output) => this.#tell((to) => to.message(message)))
    this.#worker.on('error', (error) =>
      this.#tell((to) => to.failed(error instanceof Error ? error : new Error(String(error)))),
    )
    this.#worker.on('exit', (exitCode) => this.#tell((to) => to.exited(exitCode)))
  }

  listen(events: WorkerEvents<Output>): WorkerHandle<Input> {
    const tell = (event: (to: WorkerEvents<Output>) => void) => event(events)
    this.#tell = tell
    // Not within the call: who starts a worker knows it by what this returns.
    queueMicrotask(() => this.#kept.splice(0).forEach(tell))
    return {
      post: (message) => this.#worker.postMessage(message),
      terminate: () => void this.#worker.terminate(),
    }
  }
}
