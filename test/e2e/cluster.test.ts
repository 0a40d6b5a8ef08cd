import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { NodeRoutingStatus } from '../../src/kinds/node-routing.ts'
import { advertisement } from '../fakes/objects.ts'
import { whyNot } from '../interop/stage.ts'
import { hasKubectl, whyNoApiServer } from './apiserver.ts'
import { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import * as objects from './cluster-objects.ts'
import { becomes, converged, happens } from './convergence.ts'
import { LossWatch } from './loss-watch.ts'
import { FRR_PROGRAMS } from './router.ts'

const reason = whyNoApiServer() ?? (hasKubectl() ? undefined : 'kubectl is not installed') ?? whyNot(...FRR_PROGRAMS)
if (reason !== undefined) test(`skipped: ${reason}`, (context) => context.skip(reason))

const EVERYWHERE = [1, 2, 3]

describe.skipIf(reason !== undefined)('a cluster with an API server and a router', { timeout: 180_000 }, () => {
  let cluster: Cluster
  /** What is there now, and so what there have to be routes to. */
  const nodes = new Map<number, ClusterNode>()
  const services: Record<string, number[]> = {}

  const node = (number: number) => nodes.get(number)!
  const allConverged = () => converged(cluster, nodes, services)
  const report = async () => {
    for (const each of nodes.values()) console.log(await each.report())
  }
  /** How often the sessions came up, by `n1 mesh/n2`; without those whose name the pattern matches. */
  const timesEstablished = async (except = /^$/) => {
    const all = await Promise.all([...nodes.values()].map((each) => each.timesEstablished()))
    return Object.fromEntries(all.flat().filter(([session]) => !except.test(session)))
  }

  beforeAll(async () => {
    cluster = await Cluster.open(new Map([[3, 'first']]))
    const made = [objects.node(1), objects.node(2), objects.node(3, objects.WITH_PASSWORD)]
    await cluster.api.apply(...objects.atFirst('first'), ...made)
    for (const number of EVERYWHERE) nodes.set(number, await cluster.addNode(number))
    await allConverged().catch(async (error) => {
      await report()
      throw error
    })
  })
  afterEach(({ task }) => (task.result?.state === 'fail' ? report() : undefined))
  afterAll(() => cluster?.[Symbol.asyncDispose]())

  test('the pods of every node are known everywhere', () => allConverged())

  test('a node comes and goes', async () => {
    const before = await timesEstablished()
    await cluster.api.apply(objects.node(4))
    nodes.set(4, await cluster.addNode(4))
    await allConverged()

    const added = node(4)
    nodes.delete(4)
    await cluster.api.kubectl('delete', 'node', added.name)
    await allConverged()
    expect(await added.end('SIGTERM')).toBe(0)
    expect(await timesEstablished()).toEqual(before)
  })

  test('a new password is used under the running session, and no other session notices', async () => {
    const before = await timesEstablished(/locked/)
    const locked = () => node(3).peer('router-locked')
    const { timesEstablished: count } = (await locked())!
    await using losses = await LossWatch.start(cluster, nodes)
    await cluster.api.apply(objects.password('second'))
    await happens(
      'the router drops what is signed with it',
      async () => (await cluster.router.droppedForPassword()) > 0,
    )
    expect(await locked()).toMatchObject({ state: 'Established', timesEstablished: count })

    await cluster.router.setPassword(node(3).address, 'second')
    await allConverged()
    expect(await timesEstablished(/locked/)).toEqual(before)
    const pods = [objects.podCIDR(3, 4), objects.podCIDR(3, 6)]
    // Node 3 goes on hearing what is outside from the other nodes.
    expect(await losses.end()).toEqual({ bgpd: pods, router: pods })
  })

  describe('a service', () => {
    const [web, web6, local] = ['203.0.113.1', '2001:db8:cb::1', '203.0.113.2'] as const

    test('is reached over all nodes', async () => {
      await cluster.api.apply(
        objects.service('shop/web', { addresses: [web, web6] }),
        objects.endpoints('shop/web', [1]),
        objects.endpoints('shop/web', [1], 6),
      )
      services[web] = services[web6] = EVERYWHERE
      await allConverged()
    })

    test('with the policy Local is reached over the nodes that have endpoints, and follows them', async () => {
      const facts = { addresses: [local], policy: 'Local' } as const
      await cluster.api.apply(objects.service('shop/local', facts), objects.endpoints('shop/local', [1, 2]))
      services[local] = [1, 2]
      await allConverged()
      await cluster.api.apply(objects.endpoints('shop/local', [3]))
      services[local] = [3]
      await allConverged()
    })

    test('is reached at its external IP by one policy, and at its cluster IP by the other', async () => {
      const [allowed, other] = ['198.51.100.7', '192.0.2.53'] as const
      const labels = { told: 'inside' }
      const spec = { addresses: ['ExternalIP', 'ClusterIP'], externalIPs: ['198.51.100.0/24'] }
      const facts = { type: 'ClusterIP', addresses: [], labels, externalIPs: [allowed, other] } as const
      await cluster.api.apply(
        advertisement('inside', { service: { ...spec, selector: { matchLabels: labels } } }),
        objects.service('shop/inside', { ...facts, internalPolicy: 'Local' }),
        objects.endpoints('shop/inside', [2]),
      )
      const inside = await cluster.api.kubectl(
        'get',
        'service',
        '-n',
        'shop',
        'inside',
        '-o',
        'jsonpath={.spec.clusterIP}',
      )
      services[allowed] = EVERYWHERE
      services[inside] = [2]
      await allConverged()
      expect((await node(1).status()).announcements).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ prefix: `${other}/32`, silentBecause: 'ExternalIPNotAllowed' }),
          expect.objectContaining({ prefix: `${inside}/32`, silentBecause: 'NoLocalEndpoint' }),
        ]),
      )
      await cluster.api.kubectl('delete', 'service', '-n', 'shop', 'inside')
      for (const address of [allowed, inside]) delete services[address]
      await allConverged()
    })

    test('is withdrawn with its last endpoint, and it is said why', async () => {
      await cluster.api.apply(objects.endpoints('shop/local', []))
      delete services[local]
      await allConverged()
      expect((await node(3).status()).announcements).toContainEqual(
        expect.objectContaining({ object: 'Service shop/local', silentBecause: 'NoServingEndpoint' }),
      )
    })
  })

  test('a bad BGPPeer stops no other, and is told', async () => {
    const before = await timesEstablished()
    await using losses = await LossWatch.start(cluster, nodes)
    await cluster.api.apply(
      objects.routerPeer('no-policy', { address: '10.60.0.77', exportPolicies: ['nowhere'] }),
      objects.routerPeer('router-again'),
      objects.routerPeer('too-early', { address: '10.60.0.78', bfdProfile: 'fast' }),
    )
    const notSupported = 'spec.bfdProfile: not supported by this version'
    await becomes(() => cluster.condition('bgppeer/too-early', 'Accepted'), `False: ${notSupported}`)
    for (const { name } of nodes.values()) {
      const told = () => cluster.condition(`noderouting/${name}`, 'ConfigurationValid')
      const olderPeer = name === 'n3' ? 'router-locked' : 'router'
      const problems = [
        `BGPPeer too-early: ${notSupported}`,
        'BGPPeer no-policy: spec.exportPolicies[0]: there is no usable RoutePolicy nowhere; the session is held down',
        `BGPPeer router-again: spec.address: 10.60.0.9 is already the peer of the older BGPPeer ${olderPeer}, which holds`,
      ]
      await becomes(told, `False: ${problems.join('; ')}`)
    }
    expect(await losses.end()).toEqual({})
    expect(await timesEstablished(/no-policy/)).toEqual(before)
    expect(await node(1).peer('no-policy')).toMatchObject({ state: 'Idle', timesEstablished: 0 })

    await cluster.api.kubectl('delete', 'bgppeer', 'no-policy', 'router-again', 'too-early')
    await becomes(() => cluster.condition('noderouting/n1', 'ConfigurationValid'), 'True: ')
  })

  test('NodeRouting shows the sessions and what is announced', async () => {
    const shown = async () => {
      const { status } = await cluster.api.get<{ readonly status: NodeRoutingStatus }>('noderouting/n1')
      const { announcedAddresses = [], establishedSessions, sessions = [] } = status
      const inWords = sessions.map(({ peer, address, state }) => `${peer} ${address} ${state}`)
      return { announced: announcedAddresses.toSorted(), established: establishedSessions, sessions: inWords }
    }
    await becomes(shown, {
      announced: ['2001:db8:cb::1/128', '203.0.113.1/32'],
      established: '3/3',
      sessions: ['mesh/n2 10.60.0.2 Established', 'mesh/n3 10.60.0.3 Established', 'router 10.60.0.9 Established'],
    })
  })

  describe('nothing is withdrawn', () => {
    test('while the API server is away, even from an agent started meanwhile; what comes later is seen', async () => {
      const before = await timesEstablished(/n3/)
      const { announcements } = await node(3).status()
      await becomes(() => node(3).keptAnnouncements(), announcements)
      await using losses = await LossWatch.start(cluster, nodes)
      await cluster.api.kill()
      await node(3).end('SIGKILL')
      await node(3).start()
      for (const number of [1, 2]) {
        const missed = async () => (await node(number).status()).configuration.detail.includes('stays in force')
        await happens(`node ${number} misses the API server`, missed)
      }
      await happens('the kept state is used', async () => (await node(3).status()).configuration.fromStateDir)
      await becomes(async () => (await node(3).status()).sessions.established, 3)
      await allConverged()

      await cluster.api.start()
      const address = '203.0.113.3'
      await cluster.api.apply(
        objects.service('shop/late', { addresses: [address] }),
        objects.endpoints('shop/late', [2]),
      )
      services[address] = EVERYWHERE
      await allConverged()
      expect(await losses.end()).toEqual({})
      expect(await timesEstablished(/n3/)).toEqual(before)
    })

    test.each(['SIGTERM', 'SIGKILL'] as const)('while an agent restarts after %s', async (how) => {
      await using losses = await LossWatch.start(cluster, nodes)
      await node(1).end(how)
      const session = () => cluster.router.session(node(1).address)
      await happens('the router misses it', async () => (await session()).bgpState !== 'Established')
      await allConverged()
      await node(1).start()
      await happens('it is ready', async () => (await node(1).status()).ready)
      await allConverged()
      expect(await losses.end()).toEqual({})
    })
  })

  test('without graceful restart an agent that stops says so, and its routes go', async () => {
    const stopped = node(1)
    const applied = async () => (await stopped.status()).configuration.appliedAt
    const before = await applied()
    await cluster.api.apply(objects.routingConfig({ gracefulRestart: false }))
    await happens('it is in force', async () => (await applied()) !== before)
    expect(await stopped.end('SIGTERM')).toBe(0)
    nodes.delete(1)
    for (const address of Object.keys(services)) services[address] = [2, 3]
    await allConverged()
    expect([await stopped.kernel(4), await stopped.kernel(6)]).toEqual([new Map(), new Map()])
    expect(await cluster.router.session(stopped.address)).toMatchObject({
      lastErrorCodeSubcode: '0602',
      lastShutdownDescription: 'stopped by SIGTERM',
    })
    expect((await node(2).peer('mesh/n1'))?.lastError).toMatchObject({ direction: 'received', code: 6, subcode: 2 })
  })
})
