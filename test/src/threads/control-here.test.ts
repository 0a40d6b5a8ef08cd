import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ControlToCore, CoreToControl } from '../../../src/contract.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { controlHere } from '../../../src/threads/control-here.ts'
import { Supervisor } from '../../../src/threads/supervisor.ts'
import { eventually } from '../../eventually.ts'
import { recordingLog } from '../../fakes/log.ts'

let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'routelet-here-'))
  path = join(dir, 'objects.json')
})
afterEach(() => rm(dir, { recursive: true }))

const write = (asn: number | string) =>
  writeFile(
    path,
    JSON.stringify({
      apiVersion: 'routelet.io/v1alpha1',
      kind: 'RoutingConfig',
      metadata: { name: 'default' },
      spec: { asn, topology: { mode: 'None' } },
    }),
  )

function supervised() {
  const heard: ControlToCore[] = []
  const options = { role: 'agent', source: { type: 'files', path }, node: 'n1', namespace: 'routelet-system' } as const
  const log = recordingLog()
  const start = controlHere(options, systemClock)
  const supervisor = new Supervisor<CoreToControl, ControlToCore>(
    { clock: systemClock, log, start },
    (message) => void heard.push(message),
  )
  const last = () => heard.flatMap((message) => (message.type === 'Apply' ? [message.desired] : [])).at(-1)
  return { supervisor, heard, last, log }
}

const FACTS: CoreToControl = {
  type: 'LocalFacts',
  localSubnets: [],
  localAddresses: ['192.0.2.77' as never],
  routers: new Map(),
}

test('files are followed without a worker; what changes is read in a thread, and a bad change changes nothing', async () => {
  await write(64512)
  const { supervisor, heard, last } = supervised()
  try {
    supervisor.post(FACTS)
    await eventually('the first reading', () => last()?.speaker.asn === 64512)
    expect(last()?.speaker.bgpIdentifier).toBe('192.0.2.77')
    await write(64513)
    await eventually('the second reading', () => last()?.speaker.asn === 64513)
    await write('many')
    await eventually('the problem', () => last()?.problems.length === 1)
    expect(last()?.problems[0]).toMatchObject({ object: 'RoutingConfig default', path: 'spec.asn' })
    expect(last()?.speaker.asn).toBe(64513)
    expect(heard.findLast(({ type }) => type === 'Health')).toMatchObject({
      detail: expect.stringContaining('what was read before stays in force'),
    })
    expect(supervisor.restarts).toBe(0)
  } finally {
    supervisor.stop()
  }
}, 20_000)

test('it starts again with what it was told before, when it is asked to and when it throws', async () => {
  await write(64512)
  const { supervisor, heard, last, log } = supervised()
  try {
    supervisor.post(FACTS)
    await eventually('the first reading', () => last() !== undefined)
    heard.length = 0
    supervisor.restart()
    await eventually('another', () => last()?.speaker.bgpIdentifier === '192.0.2.77')
    heard.length = 0
    supervisor.post({
      type: 'LocalFacts',
      get localSubnets(): never {
        throw new Error('broken')
      },
    } as never)
    await eventually('the crash is told', () => log.lines.some(({ message }) => message.includes('crashed')))
    supervisor.post(FACTS)
    await eventually('it is back', () => last()?.speaker.bgpIdentifier === '192.0.2.77')
  } finally {
    supervisor.stop()
  }
}, 20_000)
