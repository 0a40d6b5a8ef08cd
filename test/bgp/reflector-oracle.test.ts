import { describe, expect, test } from 'vitest'
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
} from './oracle.ts'
import { RawPeer } from './raw-peer.ts'
import { Rack, seeded } from './speakers.ts'

/** Random histories against a reflector, compared with the oracle. Some peers send several paths, some take them. */
describe('random histories on a reflector', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', (seed) => {
    const random = seeded(seed)
    const rack = new Rack()
    const reflector = rack.speaker('10.0.0.100', { policies: [ALL], peers: PEERS.map(peerOf) })
    const said: AllSaid = new Map()
    const raw = new Map<number, RawPeer>(PEERS.map((row) => [row.id, new RawPeer(rack, `10.0.0.${row.id}`)]))
    for (const row of PEERS) connect(raw.get(row.id)!, row)
    const names = new PathNames()

    for (let round = 0; round < 300; round++) {
      const row = PEERS[Math.floor(random() * PEERS.length)]!
      const one = raw.get(row.id)!
      if (random() < 0.02) {
        one.close()
        forget(said, row)
        one.routes.clear()
        rack.settle(1)
        names.check(raw, said)
        connect(one, row)
      } else {
        one.send(...someUpdates(random, row, said))
      }
      names.check(raw, said)
      if (round % 10 === 9) compare(reflector.best(), raw, said)
    }
    compare(reflector.best(), raw, said)
  })
})

function compare(best: Map<string, { from: string }>, raw: Map<number, RawPeer>, said: AllSaid): void {
  for (const prefix of PREFIXES) {
    const routes = saidOf(said, prefix)
    const winner = decide(routes)
    expect(best.get(prefix)?.from, `best of ${prefix}`).toBe(winner && `10.0.0.${winner.from}`)
    for (const row of PEERS)
      expectSame(heard(raw.get(row.id)!, prefix), toldOf(routes, row), `${prefix} as told to ${row.id}`)
  }
}

/** A path is called the same towards everybody as long as it lives, whether it is among the best few or not. */
class PathNames {
  /** By prefix and the community that says whose path it is. */
  readonly #names = new Map<string, string>()

  check(raw: ReadonlyMap<number, RawPeer>, said: AllSaid): void {
    const living = new Set([...said].map(([key, { communities }]) => `${key.split(' ')[1]} ${communities![0]}`))
    for (const key of [...this.#names.keys()]) if (!living.has(key)) this.#names.delete(key)
    for (const { routes, pathIds } of raw.values()) {
      if (!pathIds) continue
      for (const [route, attributes] of routes) {
        const [prefix, name] = route.split('#')
        const path = `${prefix} ${Number.parseInt(attributes.get(8)!.slice(0, 8), 16)}`
        expect(name, `name of ${path}`).toBe(this.#names.get(path) ?? name)
        this.#names.set(path, name!)
      }
    }
  }
}
