import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type KubeClient, kubeClient } from '../../src/kube/client.ts'
import { eventually } from '../eventually.ts'
import { NAMESPACE, ours } from '../fakes/objects.ts'
import { type ApiServer, hasKubectl, startApiServer, whyNoApiServer } from './apiserver.ts'
import { freePort } from './ports.ts'
import { Program } from './program.ts'

/** Controllers with the rights that the manifests give them, and a real API server. */

const MANIFESTS = join(import.meta.dirname, '../../manifests')
const WITHIN_MS = 30_000
const SERVICES = '/api/v1/namespaces/shop/services'
const POOLS = '/apis/routelet.io/v1alpha1/ipaddresspools'
const EVENTS = '/api/v1/namespaces/shop/events'
const reason = whyNoApiServer() ?? (hasKubectl() ? undefined : 'there is no kubectl')

if (reason !== undefined) test(`skipped: ${reason}`, (context) => context.skip(reason))

interface ServiceObject {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
  readonly status: {
    readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] }
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[]
  }
}

interface EventObject {
  readonly reason: string
  readonly involvedObject: { readonly name: string }
}

describe.skipIf(reason !== undefined)('routelet controller', () => {
  let server: ApiServer
  let admin: KubeClient
  let kubeconfig: string
  const running: Program[] = []

  beforeAll(async () => {
    server = await startApiServer()
    server.kubectl(['apply', '--server-side', '-k', MANIFESTS])
    server.kubectl(['wait', '--for', 'condition=Established', 'crd', '--all', '--timeout', '30s'])
    server.kubectl(['apply', '--server-side', '-k', join(MANIFESTS, 'controller')])
    server.kubectl(['create', 'namespace', 'shop'])
    const token = server.kubectl(['create', 'token', 'routelet-controller', '-n', NAMESPACE])
    kubeconfig = server.kubeconfig(token.trim())
    admin = kubeClient(server.kubeconfig())
  })
  afterEach(async () => {
    for (const program of running.splice(0)) await program.kill()
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`
    for (const all of [SERVICES, POOLS, EVENTS, leases]) await admin.request('DELETE', all)
  })
  afterAll(() => server?.stop())

  async function start(...flags: string[]): Promise<Program & { readonly http: string }> {
    const http = `127.0.0.1:${await freePort()}`
    const program = new Program(['controller', '--kubeconfig', kubeconfig, '--http', http, ...flags])
    running.push(program)
    return Object.assign(program, { http })
  }

  const apply = (...objects: object[]) =>
    server.kubectl(['apply', '--server-side', '-f', '-'], objects.map((one) => JSON.stringify(one)).join('\n'))
  const pool = (name: string, ...addresses: string[]) =>
    ours('IPAddressPool', name, { addresses, reuseDelaySeconds: 0 })
  const service = (name: string, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'routelet.io/lb',
      allocateLoadBalancerNodePorts: false,
      ports: [{ port: 80 }],
      ...more,
    },
  })
  const list = async <T>(path: string) => ((await admin.request('GET', path)) as { items: readonly T[] }).items
  const services = () => list<ServiceObject>(SERVICES)
  const addresses = async () =>
    Object.fromEntries(
      (await services()).map(({ metadata, status }) => [
        metadata.name,
        `${(status.loadBalancer.ingress ?? []).map(({ ip }) => ip)}`,
      ]),
    )
  const has = (name: string, address: string) =>
    eventually(`${name} has ${address}`, async () => (await addresses())[name] === address, WITHIN_MS)
  const condition = async (name: string) => {
    const found = (await services()).find(({ metadata }) => metadata.name === name)
    const one = found?.status.conditions?.find(({ type }) => type === 'routelet.io/AddressesAllocated')
    return one && `${one.status} ${one.reason}`
  }
  const told = (name: string, why: string) =>
    eventually(
      `an Event ${why} on ${name}`,
      async () =>
        (await list<EventObject>(EVENTS)).some((one) => one.reason === why && one.involvedObject.name === name),
      WITHIN_MS,
    )
  const free = async (name: string) =>
    ((await admin.request('GET', `${POOLS}/${name}`)) as { status?: { ipv4?: { free: number } } }).status?.ipv4?.free

  test('gives a Service of its class an address, and no other; says so on Service and pool', async () => {
    apply(pool('a', '192.0.2.0/30'), service('web'), service('foreign', { loadBalancerClass: 'example.com/lb' }))
    const one = await start()
    await has('web', '192.0.2.0')
    expect(await condition('web')).toBe('True Allocated')
    await told('web', 'AddressAllocated')
    await eventually('the pool counts', async () => (await free('a')) === 3, WITHIN_MS)
    expect((await addresses())['foreign']).toBe('')
    expect((await fetch(`http://${one.http}/readyz`)).status).toBe(200)
    const metrics = await (await fetch(`http://${one.http}/metrics`)).text()
    expect(metrics).toContain('routelet_pool_addresses{pool="a",family="ipv4",state="free"} 3')
    expect(one.log('refuse')).toEqual([])
  })

  test('with --default-class Services without a class too', async () => {
    const { loadBalancerClass: _, ...spec } = service('plain').spec as Record<string, unknown>
    apply(pool('a', '192.0.2.0/30'), { ...service('plain'), spec })
    await start('--default-class')
    await has('plain', '192.0.2.0')
  })

  test('an exhausted pool is an Event, and heals when an address comes free or the pool grows', async () => {
    apply(pool('a', '192.0.2.0/32'), service('first'))
    await start()
    await has('first', '192.0.2.0')
    apply(service('second'), service('third'))
    await told('second', 'PoolExhausted')
    await told('third', 'PoolExhausted')
    expect(await condition('second')).toBe('False PoolExhausted')
    await admin.request('DELETE', `${SERVICES}/first`)
    const all = async () => Object.values(await addresses()).toSorted()
    await eventually('one of them has it', async () => (await all()).includes('192.0.2.0'), WITHIN_MS)
    apply(pool('a', '192.0.2.0/31'))
    await eventually('both have one', async () => `${await all()}` === '192.0.2.0,192.0.2.1', WITHIN_MS)
  })

  test('a restart, and a second replica that takes over, keep every address and write nothing', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `s${i}`)
    apply(pool('a', '192.0.2.0/26'), ...names.map((name) => service(name)))
    const first = await start()
    const given = async () => Object.values(await addresses()).every((one) => one !== '')
    await eventually('all have one', given, WITHIN_MS)
    const before = await addresses()
    const newOnes = new Set(['new', 'newer'])
    const versions = async () =>
      (await services())
        .filter(({ metadata }) => !newOnes.has(metadata.name))
        .map(({ metadata }) => metadata.resourceVersion)
    const versionsBefore = await versions()

    const second = await start()
    await eventually('the second is there', () => second.log('started').length > 0, WITHIN_MS)
    first.end('SIGTERM')
    await first.exited
    await eventually('the second leads', () => second.log('leading').length > 0, WITHIN_MS)
    apply(service('new'))
    await eventually('the new one has an address', given, WITHIN_MS)
    expect(await addresses()).toMatchObject(before)

    // Killed, it holds the Lease until that is over.
    await second.kill()
    await start()
    await admin.request('DELETE', `${SERVICES}/new`)
    apply(pool('a', '192.0.2.0/25'), service('newer'))
    await eventually('the third gives addresses', given, WITHIN_MS)
    expect(await addresses()).toMatchObject(before)
    expect(await versions()).toEqual(versionsBefore)
  })

  test('a pool that has an address no more leaves it, with an Event; with Reassign it gives another', async () => {
    apply(pool('a', '192.0.2.0/30'), service('web'))
    await start()
    await has('web', '192.0.2.0')
    apply(pool('a', '192.0.2.8/30'))
    await told('web', 'OutsidePools')
    expect((await addresses())['web']).toBe('192.0.2.0')
    apply(ours('IPAddressPool', 'a', { addresses: ['192.0.2.8/30'], onRemoval: 'Reassign' }))
    await has('web', '192.0.2.8')
    await told('web', 'AddressReallocated')
  })

  test('a Service that is no load balancer any more gives back its address, and our condition goes', async () => {
    apply(pool('a', '192.0.2.0/32'), service('web'))
    const one = await start()
    await has('web', '192.0.2.0')
    const patch = { spec: { type: 'ClusterIP', loadBalancerClass: null, allocateLoadBalancerNodePorts: null } }
    const body = { type: 'application/merge-patch+json', value: patch } as const
    await admin.request('PATCH', `${SERVICES}/web`, body)
    await eventually('the condition goes', async () => (await condition('web')) === undefined, WITHIN_MS)
    await has('web', '')
    apply(service('next'))
    await has('next', '192.0.2.0')
    expect(one.log('refuse')).toEqual([])
  })

  test('without --default-class any more, what it gave Services without a class goes', async () => {
    const { loadBalancerClass: _, ...spec } = service('plain').spec as Record<string, unknown>
    apply(pool('a', '192.0.2.0/30'), { ...service('plain'), spec })
    const first = await start('--default-class')
    await has('plain', '192.0.2.0')
    first.end('SIGTERM')
    await first.exited
    await start()
    await has('plain', '')
    await told('plain', 'AddressReleased')
    expect(await condition('plain')).toBeUndefined()
  })

  test('an address that was given back rests under the next leader too', async () => {
    apply(ours('IPAddressPool', 'a', { addresses: ['192.0.2.0/31'], reuseDelaySeconds: 3600 }), service('web'))
    const first = await start()
    await has('web', '192.0.2.0')
    await admin.request('DELETE', `${SERVICES}/web`)
    const resting = async () =>
      ((await admin.request('GET', `${POOLS}/a`)) as { status?: { resting?: readonly unknown[] } }).status?.resting
    await eventually('the pool says that it rests', async () => (await resting())?.length === 1, WITHIN_MS)
    await first.kill()
    await start()
    apply(service('other'))
    await has('other', '192.0.2.1')
  })

  test('a thousand Services at once all get one of their own', async () => {
    apply(pool('a', '10.20.0.0/16'))
    await start()
    const names = Array.from({ length: 1000 }, (_, i) => `s${i}`)
    await Promise.all(
      names.map((name) => admin.request('POST', SERVICES, { type: 'application/json', value: service(name) })),
    )
    const given = async () => Object.values(await addresses()).filter((one) => one !== '')
    await eventually('all have an address', async () => (await given()).length === 1000, WITHIN_MS)
    expect(new Set(await given()).size).toBe(1000)
  })
})
