import { expect, test } from 'vitest'
import { peerConfig, speakerConfig } from '../../bgp/defaults.ts'
import { Speaker } from '../../bgp/speaker.ts'
import { address } from '../../routing/ip/address.ts'
import { open, RawPeer, update } from './raw-peer.ts'
import { Rack } from './speakers.ts'

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
