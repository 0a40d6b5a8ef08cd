import { Worker } from 'node:worker_threads'
import type { StartWorker } from './supervisor.ts'

/** The shell of the control side beside this file, `.ts` in a checkout and `.js` where it was built. */
const SHELL = new URL(import.meta.url.replace(/control-worker(\.[jt]s)$/, 'control-thread$1'))

/** Starts the control side in a thread of its own; `options` must be plain data. */
export function controlWorker<Input, Output>(options: object): StartWorker<Input, Output> {
  return (events) => {
    const worker = new Worker(SHELL, { name: 'control', workerData: options })
    worker.on('message', (message: Output) => events.message(message))
    worker.on('error', (error) => events.failed(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', (exitCode) => events.exited(exitCode))
    return {
      post: (message) => worker.postMessage(message),
      terminate: () => void worker.terminate(),
    }
  }
}
