import { parentPort, workerData } from 'node:worker_threads'
import type { CoreToControl } from '../contract.ts'
import { type ControlOptions, startControl } from '../control.ts'

/** The control side in a thread of its own: what it follows can be slow to read, and must not hold up the core. */
if (parentPort === null) throw new TypeError('control-thread runs as a worker')
const core = parentPort

startControl(workerData as ControlOptions, {
  send: (message) => core.postMessage(message),
  onMessage: (receive) => core.on('message', (message: CoreToControl) => receive(message)),
})
