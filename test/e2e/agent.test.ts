import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PeerStatus } from '../../bgp/contract.ts'
import { fetchDocument } from '../../src/api/client.ts'
import type { KernelRouteListDocument, PeerListDocument, StatusDocument } from '../../src/api/contract.ts'
import { listRoutes } from '../../src/lab/convergence.ts'
import { Namespaces, type Netns } from '../../src/lab/netns.ts'
import { yamlText } from '../../src/objects/yaml.ts'
import { eventually } from '../eventually.ts'
import { reasonToSkip } from '../kernel/namespace.ts'

/** One agent and one router in namespaces: what stays of a stopped agent in the kernel, and what its peer hears. */

const ROUTELET = join(import.meta.dirname, '../../bin/routelet')
const AGENT = '10.98.0.1'
const ROUTER = '10.98.0.2'
const WITHIN_MS = 20_000

let namespaces: Namespaces
let dir: string
let agentNetns: Netns
let routerNetns: Netns
const started: ChildProcess[] = []

const skip = reasonToSkip()
beforeEach(async () => {
  if (skip !== undefined) return
  dir = await mkdtemp(join(tmpdir(), 'routelet-agent-'))
  namespaces = await Namespaces.open('rtl-agent-')
  agentNetns = await namespaces.add('agent')
  routerNetns = await namespaces.add('router')
  await namespaces.link({ netns: agentNetns, dev: 'eth0' }, { netns: routerNetns, dev: 'eth0' })
  await agentNetns.ip('address', 'add', `${AGENT}/24`, 'dev', 'eth0')
  await routerNetns.ip('address', 'add', `${ROUTER}/24`, 'dev', 'eth0')
})
afterEach(async () => {
  if (skip !== undefined) return
  await namespaces.close()
  started.length = 0
  await rm(dir, { recursive: true, force: true })
})

interface Settings {
  readonly prefixes?: readonly string[]
  readonly gracefulRestart?: boolean
  readonly install?: boolean
}

/** Both are agents of one AS with the other as their peer; `prefixes` are what it announces. */
async function configure(
  name: 'agent' | 'router',
  { prefixes = [], gracefulRestart = true, install = true }: Settings,
) {
  const peer = name === 'agent' ? ROUTER : AGENT
  const ours = (kind: string, object: string, spec: object) => ({
    apiVersion: 'routelet.io/v1alpha1',
    kind,
    metadata: { name: object },
    spec,
  })
  const objects = [
    ours('RoutingConfig', 'default', {
      asn: 64512,
      topology: { mode: 'None' },
      podNetwork: { install },
      gracefulRestart: { enabled: gracefulRestart },
    }),
    ours('BGPPeer', 'other', { address: peer, peerASN: 64512, timers: { connectRetrySeconds: 1 } }),
    ...(prefixes.length > 0 ? [ours('BGPAdvertisement', 'some', { type: 'Prefix', prefixes })] : []),
  ]
  await writeFile(join(dir, `${name}.yaml`), objects.map(yamlText).join('---\n'))
}

function start(name: 'agent' | 'router'): ChildProcess {
  const paths = [
    '--config',
    join(dir, `${name}.yaml`),
    '--socket',
    socketOf(name),
    '--state-dir',
    join(dir, `${name}-state`),
  ]
  const netns = name === 'agent' ? agentNetns : routerNetns
  const child = netns.spawn([ROUTELET, 'agent', '--node', name, ...paths], { logPath: join(dir, `${name}.log`) })
  started.push(child)
  return child
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await gone
}

const socketOf = (name: string) => join(dir, `${name}.sock`)
const status = (name: string) => fetchDocument<StatusDocument>(socketOf(name), '/v1/status')

async function peer(name: string): Promise<PeerStatus | undefined> {
  return (await fetchDocument<PeerListDocument>(socketOf(name), '/v1/peers')).items[0]
}

/** Our routes in the kernel of the agent. */
async function kernelPrefixes(): Promise<string[]> {
  const routes = await listRoutes(agentNetns)
  return routes.filter((route) => route.protocol === '179').map((route) => route.dst)
}

const installed = (...prefixes: string[]) =>
  eventually(`the kernel has ${prefixes}`, async () => `${await kernelPrefixes()}` === `${prefixes}`, WITHIN_MS)
const ready = (name: string) =>
  eventually(
    `${name} is ready`,
    () =>
      status(name).then(
        ({ ready }) => ready,
        () => false,
      ),
    WITHIN_MS,
  )

async function startBoth(
  settings: Settings = {},
): Promise<{ readonly agent: ChildProcess; readonly router: ChildProcess }> {
  await configure('agent', settings)
  await configure('router', { prefixes: ['203.0.113.0/24', '198.51.100.0/24'] })
  const both = { router: start('router'), agent: start('agent') }
  await installed('198.51.100.0/24', '203.0.113.0/24')
  return both
}

describe.skipIf(skip !== undefined)(`an agent (skipped where ${skip ?? 'namespaces cannot be made'})`, () => {
  test('installs what it learns, and shows it', async () => {
    await startBoth()
    const { items } = await fetchDocument<KernelRouteListDocument>(socketOf('agent'), '/v1/routes', {
      kernel: 'true',
    })
    const nextHops = [{ address: ROUTER, interfaceName: 'eth0', weight: 1 }]
    expect(items).toHaveLength(2)
    for (const item of items) expect(item).toMatchObject({ type: 'unicast', state: 'installed', nextHops })
    await ready('agent')
  })

  test('leaves its routes when it stops with graceful restart, and takes them over when it is back', async () => {
    const { agent } = await startBoth()
    await stop(agent, 'SIGTERM')
    expect(await kernelPrefixes()).toEqual(['198.51.100.0/24', '203.0.113.0/24'])
    // Of the two one is withdrawn while nobody looks: it stays until the peer has told all it has, and not longer.
    await configure('router', { prefixes: ['203.0.113.0/24'] })
    start('agent')
    await installed('203.0.113.0/24')
    await ready('agent')
  })

  test('tells its peer why, and takes its routes away, when it stops without graceful restart', async () => {
    const { agent } = await startBoth({ gracefulRestart: false })
    await stop(agent, 'SIGTERM')
    expect(await kernelPrefixes()).toEqual([])
    expect((await peer('router'))?.lastError).toMatchObject({
      direction: 'received',
      code: 6,
      subcode: 2,
      text: expect.stringContaining('stopped by SIGTERM'),
    })
  })

  test('that is killed finds its routes again', async () => {
    const { agent } = await startBoth()
    await stop(agent, 'SIGKILL')
    expect(await kernelPrefixes()).toEqual(['198.51.100.0/24', '203.0.113.0/24'])
    start('agent')
    await ready('agent')
    expect(await kernelPrefixes()).toEqual(['198.51.100.0/24', '203.0.113.0/24'])
  })

  test('takes out of the kernel what it learned when that shall not be installed any more, and puts it back', async () => {
    await startBoth()
    await configure('agent', { install: false })
    await installed()
    await configure('agent', { install: true })
    await installed('198.51.100.0/24', '203.0.113.0/24')
  })
})
