import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ALL,
  type AllSaid,
  connect,
  decide,
  expectSame,
  forget,
  heard,
  PEERS,
  PREFIXES,
  peerOf,
  saidOf,
  someUpdates,
  toldOf,
} from '../bgp/oracle.ts'
import { RawPeer } from '../bgp/raw-peer.ts'
import { Rack, seeded } from '../bgp/speakers.ts'
import { FUZZ_TIMEOUT_MS, fuzz } from './budget.ts'

/** One peer says something, or goes away and comes back with nothing. */
const command = fc.record({
  peer: fc.nat(PEERS.length - 1),
  kind: fc.oneof({ weight: 20, arbitrary: fc.constant('say') }, fc.constantFrom('leave', 'refresh')),
  seed: fc.nat(),
})

/** Input that has to wait for its turn, and sockets that take little: members fall behind and are caught up. */
const load = fc.record({ lookMs: fc.constantFrom(0, 1, 7), roomOctets: fc.constantFrom(50, 500, 65_536) })

test(
  'Loc-RIB and what every peer is told are what the last words of all say, whatever came before',
  () => {
    fuzz(fc.tuple(load, fc.array(command, { minLength: 1, maxLength: 60 })), ([{ lookMs, roomOctets }, commands]) => {
      const rack = new Rack()
      rack.lookMs = lookMs
      rack.network.highWaterOctets = roomOctets
      const reflector = rack.speaker('10.0.0.100', { policies: [ALL], peers: PEERS.map(peerOf) })
      const said: AllSaid = new Map()
      const raw = PEERS.map((row) => {
        const one = new RawPeer(rack, `10.0.0.${row.id}`)
        // While a refresh is under way, it may be told to forget what it has not been told again yet.
        one.lenient = true
        connect(one, row)
        return one
      })
      for (const { peer: index, kind, seed } of commands) {
        const row = PEERS[index]!
        const one = raw[index]!
        if (kind === 'say') one.write(...someUpdates(seeded(seed), row, said))
        else if (kind === 'refresh') one.write(REFRESH)
        else {
          one.close()
          forget(said, row)
          one.routes.clear()
          rack.settle(1)
          connect(one, row)
        }
        if (seed % 3 === 0) rack.clock.runUntilIdle()
      }
      rack.clock.runUntilIdle()
      compare(reflector.best(), raw, said)
    })
  },
  FUZZ_TIMEOUT_MS,
)

const REFRESH = Uint8Array.from([...Array<number>(16).fill(0xff), 0, 23, 5, 0, 1, 0, 1])

function compare(best: Map<string, { from: string }>, raw: readonly RawPeer[], said: AllSaid): void {
  for (const prefix of PREFIXES) {
    const routes = saidOf(said, prefix)
    const winner = decide(routes)
    expect(best.get(prefix)?.from, `best of ${prefix}`).toBe(winner && `10.0.0.${winner.from}`)
    for (const [index, row] of PEERS.entries())
      expectSame(heard(raw[index]!, prefix), toldOf(routes, row), `${prefix} as told to ${row.id}`)
  }
}
