import { expect, test } from 'vitest'
import { peerConfig, speakerConfig } from '../../bgp/defaults.ts'
import type { Connection } from '../../bgp/ports.ts'
import { Speaker } from '../../bgp/speaker.ts'
import { address } from '../../routing/ip/address.ts'
import { FakeConnection } from '../fakes/connection.ts'
import { silentLog } from '../fakes/log.ts'
import { keepalive, open, RawPeer } from './raw-peer.ts'
import { Rack } from './speakers.ts'

test('routers that call themselves the same on two links are two peers', () => {
  const rack = new Rack()
  const { clock, network } = rack
  const { dialer } = rack.host('10.0.0.1')
  const accepting: ((connection: Connection) => void)[] = []
  const listener = {
    listen(_: object, accept: (connection: Connection) => void) {
      accepting.push(accept)
      return { port: 179, setPassword() {}, close() {} }
    },
  }
  const speaker = new Speaker({ clock, dialer, listener, log: silentLog, random: () => 0.5 })
  const router = { remoteAddress: address('fe80::1'), remoteAsn: 65010, localAsn: 65000, passive: true }
  const links = ['eth1', 'eth2']
  const peers = links.map((interfaceName) => peerConfig({ ...router, name: interfaceName, interfaceName }))
  speaker.apply(speakerConfig({ asn: 65000, bgpIdentifier: address('10.0.0.1'), peers }))
  const states = () => speaker.peers().map(({ name, state }) => [name, state])

  /** The router on this link connects, and goes through OPEN and KEEPALIVE. */
  const join = (interfaceName: string) => {
    const [ours, theirs] = [address('fe80::9'), router.remoteAddress]
    const [localPort, remotePort] = [179, 50_000]
    const near = new FakeConnection(network, {
      ...{ localAddress: ours, localPort, remoteAddress: theirs, remotePort, interfaceName },
    })
    const far = new FakeConnection(network, {
      ...{ localAddress: theirs, localPort: remotePort, remoteAddress: ours, remotePort: localPort },
    })
    near.join(far)
    accepting[0]!(near)
    const raw = new RawPeer(rack, 'fe80::1')
    raw.attach(far)
    raw.send(open({ asn: 65010 }), keepalive)
  }
  join('eth2')
  expect(states()).toEqual([
    ['eth1', 'Active'],
    ['eth2', 'Established'],
  ])
  join('eth3')
  expect(speaker.refusedConnections).toBe(1)
  join('eth1')
  expect(states().map(([, state]) => state)).toEqual(['Established', 'Established'])
})
