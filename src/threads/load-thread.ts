import { parentPort, workerData } from 'node:worker_threads'
import { loadFiles } from '../files/load.ts'

/** Reads files of objects once and tells what is in them. */
if (parentPort === null) throw new TypeError('load-thread runs as a worker')
parentPort.postMessage(await loadFiles(workerData as string))
