import { describe, expect, test } from 'vitest'
import { address } from '../../routing/ip/address.ts'
import type { ControlToCore, CoreToControl, DesiredState, Problem } from '../../src/contract.ts'
import { startControl } from '../../src/control.ts'
import type { Source, SourceEvents } from '../../src/source.ts'
import { FakeClock } from '../fakes/clock.ts'
import { config, node, parsed, peer } from '../fakes/objects.ts'

/** The control side with a source and a core in the hands of the test. */
function control() {
  const clock = new FakeClock()
  const sent: ControlToCore[] = []
  const reports: Parameters<NonNullable<Source['report']>>[0][] = []
  let events: SourceEvents | undefined
  let receive: (message: CoreToControl) => void = () => {}
  let stops = 0
  const running = startControl(
    { role: 'agent', source: { type: 'files', path: '/config' }, node: 'n1', namespace: 'routelet-system' },
    {
      send: (message) => sent.push(message),
      onMessage: (callback) => {
        receive = callback
      },
    },
    clock,
    (_options, _clock, given) => {
      events = given
      return { report: (state) => reports.push(state), stop: () => stops++ }
    },
  )
  return {
    clock,
    sent,
    reports,
    running,
    stops: () => stops,
    source: () => events!,
    knows: (...objects: object[]) => events!.changed({ objects: parsed(...objects), problems: [] }),
    core: (message: CoreToControl) => receive(message),
    applied: () => sent.flatMap((message): DesiredState[] => (message.type === 'Apply' ? [message.desired] : [])),
  }
}

const peersOf = (desired: DesiredState | undefined) => desired?.speaker.peers.map(({ name }) => name)

test('changes that come together are applied together', () => {
  const { clock, knows, applied } = control()
  knows(config(), node('n1'))
  knows(config(), node('n1'), peer('tor-1'))
  expect(applied()).toEqual([])
  clock.advance(50)
  expect(applied().map(peersOf)).toEqual([['tor-1']])
})

test('an agent that knows its local facts waits for nothing more at its start', () => {
  const { clock, core, knows, applied } = control()
  core({ type: 'LocalFacts', localSubnets: [], localAddresses: [], routers: new Map() })
  clock.advance(50)
  knows(config(), node('n1'))
  clock.advance(0)
  expect(applied()).toHaveLength(1)
  knows(config(), node('n1'), peer('tor-1'))
  clock.advance(0)
  expect(applied()).toHaveLength(1)
})

test('in a storm of changes the core still hears every 50 ms', () => {
  const { clock, knows, applied } = control()
  for (let i = 0; i < 10; i++) {
    knows(config(), node('n1'), peer(`tor-${i}`))
    clock.advance(25)
  }
  expect(applied().length).toBeGreaterThanOrEqual(4)
})

test('what changes nothing for this node is not applied again', () => {
  const { clock, knows, applied } = control()
  knows(config(), node('n1'))
  clock.advance(50)
  knows(config(), node('n1', { labels: { colour: 'red' } }))
  clock.advance(50)
  expect(applied()).toHaveLength(1)
})

test('nothing is applied before there is a RoutingConfig, and the core hears why', () => {
  const { clock, knows, sent } = control()
  knows(node('n1'))
  clock.advance(50)
  expect(sent).toEqual([{ type: 'Health', synced: false, detail: 'waiting for the RoutingConfig default' }])
})

test('a RoutingConfig that goes away stays in force, and is missed', () => {
  const { clock, knows, applied } = control()
  knows(config(), node('n1'))
  clock.advance(50)
  knows(node('n1'), peer('tor-1'))
  clock.advance(50)
  expect(peersOf(applied()[1])).toEqual(['tor-1'])
  expect(applied()[1]?.problems).toEqual([
    { kind: 'Pending', object: 'RoutingConfig default', path: '', message: 'it is gone; what it said stays in force' },
  ])
})

test('problems of the source and of the objects among themselves are told together', () => {
  const { clock, source, applied } = control()
  const bad: Problem = { kind: 'Invalid', object: 'BGPPeer tor-9', path: 'spec.peerASN', message: 'is required' }
  const objects = parsed(config(), node('n1'), peer('tor-1', { importPolicies: ['in'] }))
  source().changed({ objects, problems: [bad] })
  clock.advance(50)
  expect(applied()[0]?.problems.map(({ object }) => object)).toEqual(['BGPPeer tor-9', 'BGPPeer tor-1'])
})

test('what the machine says of itself counts', () => {
  const { clock, knows, core, applied } = control()
  knows(config(), node('n1'), peer('tor-1', { address: '192.0.2.50' }))
  clock.advance(50)
  expect(peersOf(applied().at(-1))).toEqual(['tor-1'])
  core({ type: 'LocalFacts', localSubnets: [], localAddresses: [address('192.0.2.50')], routers: new Map() })
  clock.advance(50)
  expect(peersOf(applied().at(-1))).toEqual([])
})

describe('the source is told', () => {
  const status = { sessions: [], ribRoutes: { ipv4: 1, ipv6: 0 } }

  test('what is applied, and what the core reports', () => {
    const { clock, knows, core, reports, applied } = control()
    knows(config(), node('n1'))
    // The source starts in its own time, before anything is applied.
    return Promise.resolve().then(() => {
      clock.advance(50)
      core({ type: 'Status', status })
      expect(reports).toEqual([{ desired: applied()[0] }, { desired: applied()[0], status }])
    })
  })

  test('nothing before anything is applied', async () => {
    const { core, reports } = control()
    await Promise.resolve()
    core({ type: 'Status', status })
    expect(reports).toEqual([])
  })
})

test('a source that fails ends the program with the status of a bad configuration', () => {
  const { source, sent } = control()
  source().failed('peers.yaml: BGPPeer tor-1: spec.peerASN: is required')
  expect(sent).toEqual([
    { type: 'Fatal', exitCode: 2, message: 'peers.yaml: BGPPeer tor-1: spec.peerASN: is required' },
  ])
})

test('after a stop nothing is said any more', async () => {
  const { clock, knows, source, running, sent, stops } = control()
  await Promise.resolve()
  knows(config(), node('n1'))
  running.stop()
  source().health(true, 'late')
  clock.advance(1000)
  expect(sent).toEqual([])
  expect(stops()).toBe(1)
})
