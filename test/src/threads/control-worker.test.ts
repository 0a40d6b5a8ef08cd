import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ControlToCore, CoreToControl } from '../../../src/contract.ts'
import type { ControlOptions } from '../../../src/control.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { controlWorker } from '../../../src/threads/control-worker.ts'
import { Supervisor } from '../../../src/threads/supervisor.ts'
import { eventually } from '../../eventually.ts'
import { recordingLog } from '../../fakes/log.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'routelet-worker-'))
})
afterEach(() => rm(dir, { recursive: true }))

test('the control side runs in a thread of its own, and starts again with what it was told before', async () => {
  const path = join(dir, 'objects.json')
  const spec = { asn: 64512, topology: { mode: 'None' } }
  await writeFile(
    path,
    JSON.stringify({ apiVersion: 'routelet.io/v1alpha1', kind: 'RoutingConfig', metadata: { name: 'default' }, spec }),
  )
  const options: ControlOptions = {
    role: 'agent',
    source: { type: 'files', path },
    node: 'n1',
    namespace: 'routelet-system',
  }

  const heard: ControlToCore[] = []
  const supervisor = new Supervisor<CoreToControl, ControlToCore>(
    { clock: systemClock, log: recordingLog(), start: controlWorker(options) },
    (message) => void heard.push(message),
  )
  const identifiers = () =>
    heard.flatMap((message) => (message.type === 'Apply' ? [message.desired.speaker.bgpIdentifier] : []))
  try {
    supervisor.post({
      type: 'LocalFacts',
      localSubnets: [],
      localAddresses: ['192.0.2.77' as never],
      routers: new Map(),
    })
    await eventually('the local facts count', () => identifiers().at(-1) === '192.0.2.77', 10_000)
    heard.length = 0
    supervisor.restart()
    await eventually('they count again', () => identifiers().at(-1) === '192.0.2.77', 10_000)
    expect(supervisor.restarts).toBe(1)
  } finally {
    supervisor.stop()
  }
}, 30_000)

test('what the first worker says before anybody listens is kept', async () => {
  const options: ControlOptions = {
    role: 'reflector',
    source: { type: 'files', path: join(dir, 'missing.yaml') },
    node: 'n1',
    namespace: 'routelet-system',
  }
  const start = controlWorker<CoreToControl, ControlToCore>(options)
  const other = controlWorker<CoreToControl, ControlToCore>(options)
  // When the second has spoken, so has the first.
  const fatal = (startWorker: typeof start) =>
    new Promise<string>((resolve, reject) => {
      const worker = startWorker({
        message: (message) => {
          worker.terminate()
          if (message.type === 'Fatal') resolve(message.message)
        },
        failed: reject,
        exited: () => {},
      })
    })
  await fatal(other)
  expect(await fatal(start)).toContain('missing.yaml')
}, 30_000)
