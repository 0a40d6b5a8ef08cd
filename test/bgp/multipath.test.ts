import { expect, test } from 'vitest'
import type { BestRoute } from '../../bgp/contract.ts'
import { open, RawPeer, type RouteFields, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** Peers 10.0.0.2 and on, of these ASes; 65000 is our own. */
function stage(asns: readonly number[], maxPaths = 64) {
  const rack = new Rack()
  const at = (i: number) => `10.0.0.${i + 2}`
  const node = rack.speaker('10.0.0.1', {
    maxPaths,
    policies: [{ name: 'all', rules: [], defaultAction: 'accept' }],
    peers: asns.map((remoteAsn, i) => peer(at(i), { passive: true, remoteAsn, importPolicies: ['all'] })),
  })
  const { feed } = node.speaker
  const raws = asns.map((asn, i) =>
    new RawPeer(rack, at(i)).establish('10.0.0.1', open({ asn, identifier: [10, 0, 0, i + 2], holdSeconds: 0 })),
  )
  const tell = (i: number, more: RouteFields = {}) => {
    const asPath = asns[i] === 65000 ? [65_100] : [asns[i]!]
    raws[i]!.send(update({ nlri: ['20.0.0.0/8'], asPath, nextHop: [10, 0, 0, i + 2], ...more }))
  }
  const forget = (i: number) => raws[i]!.send(update({ withdrawn: ['20.0.0.0/8'] }))
  /** Where the kernel is to send traffic: last octets of the next hops; undefined when nothing has changed. */
  const ways = () => {
    let last: BestRoute | undefined
    feed.drain(100, (route) => {
      last = route
    })
    return last?.paths.map(({ nextHop }) => Number(nextHop.split('.')[3])).sort((a, b) => a - b)
  }
  return { node, tell, forget, ways }
}

test('external paths share traffic whatever their AS, internal ones among themselves, and never both', () => {
  const { node, tell, forget, ways } = stage([65_002, 65_003, 65_000, 65_000])
  for (const i of [2, 3]) tell(i)
  expect(ways()).toEqual([4, 5])
  for (const i of [0, 1]) tell(i)
  expect(ways()).toEqual([2, 3])
  const marks = node.speaker.routes({ allPaths: true }).routes.map(({ from, multipath }) => [from.at(-1), multipath])
  expect(Object.fromEntries(marks)).toEqual({ 2: true, 3: true, 4: false, 5: false })
  tell(1, { asPath: [65_003, 7] })
  expect(ways()).toEqual([2])
  for (const i of [0, 1]) forget(i)
  expect(ways()).toEqual([4, 5])
})

test('a next hop that several tell is one way', () => {
  const { tell, forget, ways } = stage([65_000, 65_000, 65_000])
  tell(0, { nextHop: [10, 0, 0, 9] })
  tell(1, { nextHop: [10, 0, 0, 9] })
  tell(2)
  expect(ways()).toEqual([4, 9])
  forget(0)
  expect(ways()).toEqual([4, 9])
  forget(1)
  expect(ways()).toEqual([4])
})

test('many equal paths are taken away one by one', () => {
  const paths = 64
  const { tell, forget, ways } = stage(Array<number>(paths).fill(65_000))
  const all = Array.from({ length: paths }, (_, i) => i)
  for (const i of all) tell(i)
  expect(ways()).toEqual(all.map((i) => i + 2))
  for (const i of all) {
    forget(i)
    expect(ways()).toEqual(all.slice(i + 1).map((rest) => rest + 2))
  }
})
