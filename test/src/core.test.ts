import { describe, expect, test } from 'vitest'
import type { BestRoute, PeerStatus, SpeakerConfig } from '../../bgp/contract.ts'
import { address } from '../../routing/ip/address.ts'
import { prefix, prefixWords } from '../../routing/ip/prefix.ts'
import type { KernelIntent } from '../../src/contract.ts'
import { Core, type CoreKernel, type CoreSpeaker } from '../../src/core.ts'
import { FakeClock } from '../fakes/clock.ts'
import { desired } from '../fakes/desired.ts'
import { recordingLog } from '../fakes/log.ts'
import { kernelRoute, peerStatus, routeView } from '../fakes/view.ts'

const INTENT: KernelIntent = {
  table: 254,
  metric: 1024,
  protocol: 179,
  maxPaths: 16,
  installLearned: true,
  blackholes: [],
  ownPrefixes: [],
  protectedAddresses: [],
  advertiseOn: [],
}

function setup({ reflector = false, peers = [peerStatus(), peerStatus({ name: 'b', state: 'Active' })] } = {}) {
  const clock = new FakeClock()
  const log = recordingLog()
  const calls: string[] = []
  const waiting: BestRoute[] = []
  const counts = { ipv4: 3, ipv6: 4 }
  const feed = {
    complete: false,
    rewind: () => void calls.push('feed.rewind'),
    drain(limit: number, visit: (route: BestRoute) => void) {
      for (const route of waiting.splice(0, limit)) visit(route)
      return waiting.length > 0
    },
  }
  const speaker: CoreSpeaker = {
    apply: (config: SpeakerConfig) => void calls.push(`speaker.apply ${config.asn}`),
    peers: (): readonly PeerStatus[] => peers,
    routes: () => ({ routes: [routeView()] }),
    counts: () => counts,
    refusedConnections: 4,
    get converged() {
      return feed.complete
    },
    feed,
    stop: async (how) => void calls.push(`speaker.stop ${JSON.stringify(how)}`),
  }
  const installed: BestRoute[] = []
  const kernel: CoreKernel = {
    configure: (intent) => void calls.push(`kernel.configure table ${intent.table}`),
    converged: () => void calls.push('kernel.converged'),
    idle: true,
    route: (route) => void installed.push(route),
    counts: () => ({ wanted: 5, installed: 4, pending: 0, inactive: 0, failed: 1, refused: 0 }),
    list: () => ({ routes: [kernelRoute()] }),
    close: async (how) => void calls.push(`kernel.close ${JSON.stringify(how)}`),
  }
  const identity = {
    role: reflector ? 'reflector' : 'agent',
    node: 'n1',
    version: '1.2.3',
    source: 'files /x',
  } as const
  const core = new Core({ clock, log, speaker, ...(!reflector && { kernel }), workerRestarts: () => 6 }, identity)
  return { clock, log, core, calls, counts, feed, waiting, installed }
}

const FAMILY = peerStatus().families[0]!

const route = (text: string): BestRoute => ({
  prefix: prefixWords(prefix(text)),
  paths: [{ nextHop: address('192.0.2.1'), weight: 1 }],
  namedByPolicy: false,
})

describe('the core', () => {
  test('tells the kernel first what it must never install, then the speaker', () => {
    const { core, calls } = setup()
    core.apply(desired({ asn: 7 }, { kernel: INTENT }), { fromStateDir: false })
    expect(calls).toEqual(['kernel.configure table 254', 'feed.rewind', 'speaker.apply 7'])
  })

  test('feeds best routes to the kernel in slices, all of them', () => {
    const { core, clock, waiting, installed } = setup()
    for (let i = 0; i < 2500; i++) waiting.push(route(`10.${i >> 8}.${i & 255}.0/24`))
    core.speakerEvent({ type: 'BestRoutesChanged' })
    core.speakerEvent({ type: 'BestRoutesChanged' })
    expect(installed).toHaveLength(0)
    clock.runUntilIdle()
    expect(installed).toHaveLength(2500)
  })

  test('hands all routes to the kernel again when it shall install what is learned, or no longer', () => {
    const { core, calls } = setup()
    for (const installLearned of [true, true, false, false, true]) {
      core.apply(desired({}, { kernel: { ...INTENT, installLearned } }), { fromStateDir: false })
    }
    expect(calls.filter((call) => call === 'feed.rewind')).toHaveLength(3)
  })

  test('says that it cannot listen', () => {
    const { core, log } = setup()
    core.speakerEvent({ type: 'ListenFailed', port: 179, error: 'address already in use' })
    expect(log.lines).toEqual([
      {
        level: 'error',
        fields: { port: 179, reason: 'address already in use' },
        message: 'cannot listen for sessions',
      },
    ])
  })

  test('is ready when the configuration is in force, its source is watched and the routes have come', () => {
    const { core, clock, feed, waiting } = setup()
    expect(core.status()).toMatchObject({ ready: false, waitingFor: ['the configuration (starting)'] })
    core.apply(desired(), { fromStateDir: false })
    expect(core.status().waitingFor).toEqual([
      'the source of the configuration (starting)',
      'the first routes of the peers',
    ])
    core.controlHealth(true, 'read')
    feed.complete = true
    waiting.push(route('10.0.0.0/24'))
    core.speakerEvent({ type: 'BestRoutesChanged' })
    expect(core.status().waitingFor).toEqual(['the kernel to take the routes'])
    clock.runUntilIdle()
    expect(core.status()).toMatchObject({ ready: true, waitingFor: [] })
  })

  test('logs each change of the source of the configuration once', () => {
    const { core, log } = setup()
    core.controlHealth(false, 'connection refused')
    core.controlHealth(false, 'connection refused')
    core.controlHealth(true, 'read')
    expect(log.lines.map(({ level, fields }) => [level, fields])).toEqual([
      ['warn', { reason: 'connection refused' }],
      ['info', { reason: 'read' }],
    ])
  })

  test('lets the kernel drop leftovers once, when the routes have come', () => {
    const { core, calls, feed } = setup()
    core.settle()
    expect(calls).toEqual([])
    core.apply(desired(), { fromStateDir: false })
    feed.complete = true
    core.settle()
    core.settle()
    expect(calls).toEqual(['speaker.apply 64512', 'kernel.converged'])
  })

  test('where a peer never says that it has told all, leftovers stay while routes come, and a little longer', () => {
    const peers = [peerStatus({ families: [{ ...FAMILY, endOfRibReceived: false }] })]
    const { core, calls, clock, feed, counts } = setup({ peers })
    core.apply(desired(), { fromStateDir: false })
    feed.complete = true
    for (let second = 0; second < 10; second++) {
      counts.ipv4++
      core.settle()
      clock.advance(1_000)
    }
    core.settle()
    expect(calls).toEqual(['speaker.apply 64512'])
    clock.advance(5_000)
    core.settle()
    expect(calls).toEqual(['speaker.apply 64512', 'kernel.converged'])
  })

  test('leftovers stay while routes are on their way to the kernel', () => {
    const { core, calls, clock, feed, waiting } = setup()
    core.apply(desired(), { fromStateDir: false })
    feed.complete = true
    waiting.push(route('10.0.0.0/24'))
    core.speakerEvent({ type: 'BestRoutesChanged' })
    core.settle()
    expect(calls).toEqual(['speaker.apply 64512'])
    clock.runUntilIdle()
    core.settle()
    expect(calls).toEqual(['speaker.apply 64512', 'kernel.converged'])
  })

  test('tells its status', () => {
    const { core, clock } = setup()
    core.apply(desired({ listen: { port: 179, addresses: [] } }, { kernel: INTENT }), { fromStateDir: true })
    clock.advance(90_000)
    expect(core.status()).toMatchObject({
      apiVersion: 'routelet.io/cli/v1',
      kind: 'Status',
      role: 'agent',
      node: 'n1',
      version: '1.2.3',
      startedAt: '2030-01-01T00:00:00.000Z',
      uptimeSeconds: 90,
      asn: 64512,
      bgpIdentifier: '10.0.0.1',
      listenPort: 179,
      configuration: {
        source: 'files /x',
        appliedAt: '2030-01-01T00:00:00.000Z',
        fromStateDir: true,
        workerRestarts: 6,
      },
      sessions: { configured: 2, established: 1, refusedConnections: 4 },
      ribRoutes: { ipv4: 3, ipv6: 4 },
      kernelRoutes: { wanted: 5, installed: 4, pending: 0, inactive: 0, failed: 1, refused: 0 },
    })
  })

  test('of a reflector has no kernel', () => {
    const { core, clock, waiting, installed } = setup({ reflector: true })
    core.apply(desired({}, { kernel: INTENT }), { fromStateDir: false })
    waiting.push(route('10.0.0.0/24'))
    core.speakerEvent({ type: 'BestRoutesChanged' })
    clock.runUntilIdle()
    expect(installed).toEqual([])
    expect(core.kernelRoutes).toBeUndefined()
    expect(core.status()).not.toHaveProperty('kernelRoutes')
    expect(core.nodeStatus()).not.toHaveProperty('kernel')
  })

  test('stops without a word to the peers and leaves its routes, with graceful restart', async () => {
    const { core, calls } = setup()
    core.apply(desired({ gracefulRestart: { restartSeconds: 120 } }), { fromStateDir: false })
    calls.length = 0
    await core.stop('SIGTERM')
    expect(calls).toEqual(['speaker.stop {"graceful":true}', 'kernel.close {"keepRoutes":true}'])
  })

  test('tells the peers why and takes its routes away, without graceful restart', async () => {
    const { core, calls } = setup()
    core.apply(desired(), { fromStateDir: false })
    calls.length = 0
    await core.stop('going away')
    expect(calls).toEqual([
      'speaker.stop {"graceful":false,"message":"going away"}',
      'kernel.close {"keepRoutes":false}',
    ])
  })

  test('touches no route of the kernel when it is stopped before it knew anything', async () => {
    const { core, calls } = setup()
    await core.stop('SIGTERM')
    expect(calls).toContain('kernel.close {"keepRoutes":true}')
  })
})
