import { Worker } from 'node:worker_threads'
import type { Loaded } from '../files/load.ts'
import { entryPoint } from '../version.ts'

/** As `loadFiles`, in a thread that ends with it: hundreds of objects take tenths of a second to read and to judge. */
export function loadAside(path: string): Promise<Loaded> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entryPoint('threads/load-thread'), { name: 'files', workerData: path })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (exitCode) => reject(new Error(`the thread that reads ${path} ended with ${exitCode}`)))
  })
}
