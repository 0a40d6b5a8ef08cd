import { describe, expect, test } from 'vitest'
import type { PeerConfig } from '../../bgp/contract.ts'
import { peerConfig, speakerConfig } from '../../bgp/defaults.ts'
import { Speaker } from '../../bgp/speaker.ts'
import { address } from '../../routing/ip/address.ts'
import { open, RawPeer, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

function stage(action: 'warn' | 'restart' | 'shutdown') {
  const rack = new Rack()
  const warnings: string[] = []
  const log = { debug() {}, info() {}, error() {}, warn: (_: object, text: string) => warnings.push(text) }
  const { dialer, listener } = rack.host('10.0.0.1')
  const speaker = new Speaker({ clock: rack.clock, dialer, listener, log, random: () => 0.5 })
  const maxPrefixes = { ipv4: 10, warnPercent: 80, action, restartSeconds: 60 }
  const peer = { remoteAddress: address('10.0.0.2'), remoteAsn: 65000, localAsn: 65000, passive: true, maxPrefixes }
  speaker.apply(speakerConfig({ asn: 65000, bgpIdentifier: address('10.0.0.1'), peers: [peerConfig(peer)] }))
  const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
  const send = (from: number, count: number) =>
    raw.send(update({ nlri: Array.from({ length: count }, (_, i) => `20.${from + i}.0.0/16`) }))
  return { rack, speaker, raw, warnings, send }
}

test('a warning at the share and at the limit, each once, and the session goes on with action warn', () => {
  const { speaker, warnings, send } = stage('warn')
  send(0, 7)
  expect(warnings).toEqual([])
  send(7, 1)
  send(8, 2)
  expect(warnings).toEqual(['8 ipv4-unicast prefixes, of 10 allowed'])
  send(10, 4)
  send(14, 1)
  expect(warnings).toEqual(['8 ipv4-unicast prefixes, of 10 allowed', 'more than 10 ipv4-unicast prefixes'])
  expect([speaker.peers()[0]?.state, speaker.counts().ipv4]).toEqual(['Established', 15])
})

test.each(['restart', 'shutdown'] as const)(
  '%s: the session ends with the limit in its Cease (RFC 4486, 4)',
  (action) => {
    const { rack, speaker, raw, send } = stage(action)
    send(0, 11)
    expect(raw.notification).toEqual({ code: 6, subcode: 1, data: '0001010000000a' })
    expect(speaker.peers()[0]).toMatchObject({ state: 'Idle', idleReason: expect.stringContaining('more than 10') })
    const answered = () => new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').types().includes(1)
    expect(answered()).toBe(false)
    rack.settle(61)
    expect(answered()).toBe(action === 'restart')
  },
)

describe('what a peer tells back', () => {
  const back = (rack: Rack, maxPrefixes: NonNullable<PeerConfig['maxPrefixes']>) => {
    const external = peer('10.0.0.2', { passive: true, remoteAsn: 65001, importPolicies: ['all'], maxPrefixes })
    const node = rack.speaker('10.0.0.1', {
      policies: [{ name: 'all', rules: [], defaultAction: 'accept' }],
      peers: [external],
    })
    const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ asn: 65001 }))
    const tell = (path: readonly number[], ...numbers: number[]) =>
      raw.send(update({ asPath: path, nlri: numbers.map((n) => `20.${n}.0.0/16`) }))
    return { node, raw, tell, external }
  }
  const [fresh, ours] = [[65001], [65001, 65000]]
  const restart = { ipv4: 3, warnPercent: 100, action: 'restart', restartSeconds: 60 } as const

  test('is counted apart from what is of use: as many again, and not more', () => {
    const { raw, tell, node } = back(new Rack(), restart)
    tell(fresh, 1, 2, 3)
    tell(ours, 4, 5, 6)
    expect(node.peer('10.0.0.2')).toMatchObject({ state: 'Established', families: [{ received: 6 }] })
    tell(ours, 7)
    expect(raw.notification).toEqual({ code: 6, subcode: 1, data: '00010100000003' })
  })

  test.each([
    ['comes to be of use', ours, fresh],
    ['was of use', fresh, ours],
  ])('counts as what it is when it %s', (_, before, after) => {
    const { raw, tell } = back(new Rack(), restart)
    tell(before, 1, 2)
    tell(after, 3, 4)
    tell(after, 1)
    expect(raw.notification).toBeUndefined()
    tell(after, 2)
    expect(raw.notification).toMatchObject({ code: 6, subcode: 1 })
  })

  test('is dropped over the limit with the action discard, at once or when the limit is lowered', () => {
    const discard = (ipv4: number) => ({ ...restart, ipv4, action: 'discard' as const })
    const rack = new Rack()
    const { tell, node, external } = back(rack, discard(3))
    const family = () => node.peer('10.0.0.2').families[0]
    tell(ours, 1, 2, 3, 4)
    tell(fresh, 5, 6, 7)
    expect(family()).toMatchObject({ received: 6, overLimit: 1 })
    expect(node.prefixes()).toEqual(['20.5.0.0/16', '20.6.0.0/16', '20.7.0.0/16'])
    node.apply({ peers: [{ ...external, maxPrefixes: discard(2) }] })
    rack.settle(1)
    expect(node.prefixes()).toHaveLength(2)
    expect(family()).toMatchObject({ received: 4, overLimit: 3 })
  })

  test('keeps its place when the policies change', () => {
    const { raw, tell, node } = back(new Rack(), restart)
    tell(ours, 1, 2, 3)
    const rules = [{ name: 'med', match: {}, set: { med: 7 }, action: 'accept' as const }]
    node.apply({ policies: [{ name: 'all', rules, defaultAction: 'accept' }] })
    tell(fresh, 4, 5, 6)
    expect(raw.notification).toBeUndefined()
    expect(node.best().get('20.4.0.0/16')).toMatchObject({ med: 7 })
  })
})
