import { describe, expect, test } from 'vitest'
import { connect, decide, exported, PEERS, PREFIXES, type Said, someUpdates } from './oracle.ts'
import { RawPeer } from './raw-peer.ts'
import { peer, Rack, seeded } from './speakers.ts'

/** Random histories against a reflector, compared with the oracle. */
describe('random histories on a reflector', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', (seed) => {
    const random = seeded(seed)
    const rack = new Rack()
    const policies = [{ name: 'all', rules: [], defaultAction: 'accept' as const }]
    const external = { importPolicies: ['all'], exportPolicies: ['all'] }
    const reflector = rack.speaker('10.0.0.100', {
      policies,
      peers: PEERS.map(({ id, kind, asn }) =>
        peer(`10.0.0.${id}`, {
          passive: true,
          remoteAsn: asn,
          routeReflectorClient: kind === 'client',
          ...(kind === 'external' ? external : {}),
        }),
      ),
    })
    const said = new Map<string, Said>()
    const raw = new Map<number, RawPeer>(PEERS.map((row) => [row.id, new RawPeer(rack, `10.0.0.${row.id}`)]))
    for (const row of PEERS) connect(raw.get(row.id)!, row)

    for (let round = 0; round < 300; round++) {
      const row = PEERS[Math.floor(random() * PEERS.length)]!
      const one = raw.get(row.id)!
      if (random() < 0.02) {
        one.close()
        for (const key of [...said.keys()]) if (key.startsWith(`${row.id} `)) said.delete(key)
        one.routes.clear()
        rack.settle(1)
        connect(one, row)
      } else {
        one.send(...someUpdates(random, row, said))
      }
      if (round % 10 === 9) compare(reflector.best(), raw, said)
    }
    compare(reflector.best(), raw, said)
  })
})

function compare(best: Map<string, { from: string }>, raw: Map<number, RawPeer>, said: Map<string, Said>): void {
  for (const prefix of PREFIXES) {
    const winner = decide(PEERS.map(({ id }) => said.get(`${id} ${prefix}`)).filter((route) => route !== undefined))
    expect(best.get(prefix)?.from, `best of ${prefix}`).toBe(winner && `10.0.0.${winner.from}`)
    for (const row of PEERS) {
      const told = raw.get(row.id)!.routes.get(prefix)
      const wanted = winner && exported(winner, row)
      expect(told && Object.fromEntries(told), `${prefix} as told to ${row.id}`).toEqual(wanted)
    }
  }
}
