import { describe, expect, test } from 'vitest'
import type { PeerStatus, SessionState } from '../../../bgp/contract.ts'
import { address } from '../../../routing/ip/address.ts'
import type { NodeStatus, Problem } from '../../../src/contract.ts'
import { desiredState } from '../../../src/desired/desired-state.ts'
import type { Condition } from '../../../src/kinds/common.ts'
import { nodeRouting } from '../../../src/kinds/node-routing.ts'
import { ConnectionError, type KubeClient } from '../../../src/kube/client.ts'
import { acceptedCondition } from '../../../src/kube/conditions.ts'
import { nodeRoutingStatus } from '../../../src/kube/node-status.ts'
import type { Entry } from '../../../src/kube/object-cache.ts'
import { StatusWriter } from '../../../src/kube/status.ts'
import { read } from '../../../src/objects/read.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { advertisement, cluster, config, endpoints, node, peer, service } from '../../fakes/objects.ts'

const NOW = Date.UTC(2030, 0, 1)
const problem: Problem = { kind: 'Invalid', object: 'BGPPeer tor-1', path: 'spec.peerASN', message: 'is required' }
const desired = desiredState(
  cluster(config(), node('n1'), peer('tor-1'), advertisement('a'), service('shop/web'), endpoints('shop/web', ['n1'])),
  { role: 'agent', nodeName: 'n1' },
)!

function session(name: string, state: SessionState, accepted = 0): PeerStatus {
  return {
    name,
    remoteAddress: address('192.0.2.1'),
    remoteAsn: 65000,
    localAsn: 64512,
    type: 'external',
    routeReflectorClient: false,
    state,
    since: NOW,
    families: [{ family: 'ipv4-unicast', received: 0, accepted, advertised: 1, endOfRibReceived: true }],
    capabilities: { sent: ['route-refresh', 'add-path'], received: ['route-refresh'] },
    lastError: { direction: 'received', code: 6, subcode: 2, text: 'shutdown', at: NOW },
    timesEstablished: 1,
    notifications: [],
    messages: { received: 1, sent: 1, updatesReceived: 0, updatesSent: 0 },
    discarded: [],
  }
}

const status = (...sessions: PeerStatus[]): NodeStatus => ({ sessions, ribRoutes: { ipv4: 1, ipv6: 0 } })

describe('the condition', () => {
  const judged = (state: NodeStatus | undefined, problems: readonly Problem[] = []) => {
    const observed = { desired: { ...desired, problems }, ...(state && { status: state }) }
    const { conditions = [] } = nodeRoutingStatus(observed, undefined, NOW)
    return Object.fromEntries(conditions.map((one) => [one.type, `${one.status} ${one.reason}`]))
  }
  const up = session('a', 'Established')
  const down = session('b', 'Active')

  test.each([
    ['Ready is unknown before the speaker reports', undefined, { Ready: 'Unknown Starting' }],
    ['Ready holds without peers', status(), { Ready: 'True Running', Degraded: 'False AllWell' }],
    [
      'Ready holds with one session of two, but Degraded too',
      status(up, down),
      { Ready: 'True Running', Degraded: 'True SessionsDown' },
    ],
    [
      'Ready does not hold without any session',
      status(down),
      { Ready: 'False NoSession', Degraded: 'True SessionsDown' },
    ],
    [
      'Degraded holds when the kernel refuses',
      { ...status(up), kernel: { wanted: 2, installed: 1, failed: 1, refused: 0 } },
      { Degraded: 'True KernelRefuses' },
    ],
  ])('%s', (_, state, expected) => {
    expect(judged(state)).toMatchObject(expected)
  })

  test.each([
    ['holds without problems', [], 'True Valid'],
    ['does not hold with an invalid object', [problem], 'False InvalidObjects'],
    ['waits for an object', [{ ...problem, kind: 'Pending' as const }], 'False WaitingForObjects'],
  ])('ConfigurationValid %s', (_, problems, expected) => {
    expect(judged(status(), problems)['ConfigurationValid']).toBe(expected)
  })

  test('keeps its time as long as its status stays', () => {
    const observed = { desired, status: status(down) }
    const before = nodeRoutingStatus(observed, undefined, NOW)
    const after = nodeRoutingStatus({ ...observed, status: status(up) }, before, NOW + 5000)
    const times = (of: typeof before) =>
      Object.fromEntries((of.conditions ?? []).map((one) => [one.type, one.lastTransitionTime]))
    expect(times(after)).toEqual({ ...times(before), Ready: '2030-01-01T00:00:05Z', Degraded: '2030-01-01T00:00:05Z' })
  })
})

test('what is written is what the schema of the kind allows', () => {
  const written = nodeRoutingStatus(
    { desired, status: status(session('a', 'Established')), routingConfigGeneration: 3 },
    undefined,
    NOW,
  )
  expect(read(nodeRouting.status, written)).toEqual({ ok: true, value: written })
  expect(written).toMatchObject({
    observedConfiguration: { asn: 64512, bgpIdentifier: '10.0.0.1', routingConfigGeneration: 3 },
    establishedSessions: '1/1',
    announcedAddresses: ['203.0.113.1/32'],
    sessions: [{ peer: 'a', capabilities: ['route-refresh'], lastError: { code: 6, subcode: 2, text: 'shutdown' } }],
  })
})

describe('Accepted', () => {
  const entry = (problems: readonly Problem[], accepted?: Partial<Condition>): Entry => ({
    kind: 'BGPPeer',
    name: 'tor-1',
    uid: 'u',
    generation: 2,
    resourceVersion: '2',
    problems,
    ...(accepted && {
      condition: {
        type: 'Accepted',
        status: 'True',
        reason: 'Valid',
        message: '',
        observedGeneration: 2,
        lastTransitionTime: '2029-12-31T23:59:00Z',
        ...accepted,
      },
    }),
  })
  const refused = { status: 'False', reason: 'Invalid', message: 'spec.peerASN: is required' } as const

  test.each([
    [
      'is written to a new object that is good',
      entry([]),
      { status: 'True', observedGeneration: 2, lastTransitionTime: '2030-01-01T00:00:00Z' },
    ],
    ['is written to a new object that is bad', entry([problem]), { ...refused, observedGeneration: 2 }],
    ['is left alone when it is right', entry([], {}), undefined],
    ['is left alone when it is right about a bad object', entry([problem], refused), undefined],
    [
      'follows the generation, without a change of its time',
      entry([], { observedGeneration: 1 }),
      { status: 'True', observedGeneration: 2, lastTransitionTime: '2029-12-31T23:59:00Z' },
    ],
    [
      'changes when the object does',
      entry([problem], { observedGeneration: 1 }),
      { ...refused, lastTransitionTime: '2030-01-01T00:00:00Z' },
    ],
    ['of another version of the agent stands for a while', entry([problem], {}), undefined],
    [
      'of another version is overruled in the end',
      entry([problem], { lastTransitionTime: '2029-12-31T23:00:00Z' }),
      refused,
    ],
    ['in other words stays as it is', entry([problem], { ...refused, message: 'in other words' }), undefined],
  ])('%s', (_, given, expected) => {
    const condition = acceptedCondition(given, NOW)
    if (expected === undefined) expect(condition).toBeUndefined()
    else expect(condition).toMatchObject(expected)
  })
})

describe('the writer', () => {
  function writer() {
    const clock = new FakeClock()
    const writes: { path: string; value: Record<string, unknown> }[] = []
    const state = { status: status(session('a', 'Active')), entries: [] as Entry[], away: false }
    const client: KubeClient = {
      server: 'https://test',
      serverAddresses: new Set(),
      async request(method, path, body) {
        if (state.away) throw new ConnectionError('connection refused')
        writes.push({ path: `${method} ${path.split('?')[0]}`, value: body?.value as Record<string, unknown> })
        return {}
      },
      stream: () => Promise.resolve(),
    }
    const facts = () => ({
      nodeName: 'n1',
      nodeUid: 'u1',
      observed: { desired, status: state.status },
      entries: state.entries,
    })
    const itself = new StatusWriter({ clock, random: () => 0.5, client }, facts)
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= 500) {
        clock.advance(500)
        for (let i = 0; i < 20; i++) await Promise.resolve()
      }
    }
    return { itself, writes, state, pass, clock, paths: () => writes.map(({ path }) => path) }
  }
  const NODE = 'PATCH /apis/routelet.io/v1alpha1/noderoutings/n1'

  test('makes the object, owned by its Node, and then writes its status', async () => {
    const { itself, writes, paths, pass } = writer()
    itself.touch()
    await pass(4000)
    expect(paths()).toEqual([NODE, `${NODE}/status`])
    expect(writes[0]?.value['metadata']).toEqual({
      name: 'n1',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u1' }],
    })
  })

  test('writes once however often it is touched, and not again when nothing changed', async () => {
    const { itself, paths, pass } = writer()
    for (let i = 0; i < 10; i++) {
      itself.touch()
      await pass(1000)
    }
    expect(paths()).toHaveLength(2)
  })

  test('writes a change of state within seconds', async () => {
    const { itself, state, paths, pass } = writer()
    itself.touch()
    await pass(4000)
    state.status = status(session('a', 'Established'))
    itself.touch()
    await pass(4000)
    expect(paths()).toHaveLength(3)
  })

  test('writes counters seldom, but in the end', async () => {
    const { itself, state, paths, pass } = writer()
    itself.touch()
    await pass(4000)
    state.status = status(session('a', 'Active', 17))
    itself.touch()
    await pass(15_000)
    expect(paths()).toHaveLength(2)
    await pass(60_000)
    expect(paths()).toHaveLength(3)
  })

  test('writes the attempts of a session that does not come up seldom, but its end at once', async () => {
    const { itself, state, paths, pass } = writer()
    itself.touch()
    await pass(4000)
    for (const one of ['Idle', 'Connect', 'Active', 'OpenSent'] as const) {
      state.status = status({ ...session('a', one), since: NOW + 1000 })
      itself.touch()
      await pass(4000)
    }
    expect(paths()).toHaveLength(2)
    const lastError = { direction: 'sent', code: 2, subcode: 2, text: 'bad peer AS', at: NOW } as const
    state.status = status({ ...session('a', 'Idle'), lastError })
    itself.touch()
    await pass(4000)
    expect(paths()).toHaveLength(3)
  })

  test('writes what it could not write as soon as it can', async () => {
    const { itself, state, paths, pass } = writer()
    state.away = true
    itself.touch()
    await pass(20_000)
    state.away = false
    await pass(5000)
    expect(paths()).toEqual([NODE, `${NODE}/status`])
  })

  test('tells an object whether it is accepted, by name and uid', async () => {
    const { itself, state, writes, pass } = writer()
    state.entries = [
      { kind: 'BGPPeer', name: 'tor-1', uid: 'u7', generation: 1, resourceVersion: '1', problems: [problem] },
    ]
    itself.touch()
    await pass(4000)
    expect(writes.at(-1)).toEqual({
      path: 'PATCH /apis/routelet.io/v1alpha1/bgppeers/tor-1/status',
      value: {
        apiVersion: 'routelet.io/v1alpha1',
        kind: 'BGPPeer',
        metadata: { name: 'tor-1', uid: 'u7' },
        status: {
          conditions: [
            expect.objectContaining({ type: 'Accepted', status: 'False', message: 'spec.peerASN: is required' }),
          ],
        },
      },
    })
  })

  test('says nothing after a stop', async () => {
    const { itself, paths, pass, clock } = writer()
    itself.touch()
    itself.stop()
    itself.touch()
    await pass(10_000)
    expect([paths(), clock.pending]).toEqual([[], 0])
  })
})
