import { describe, expect, test } from 'vitest'
import type { BestRoute } from '../../bgp/contract.ts'
import { open, RawPeer, u32, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** ECMP in proportion to link bandwidths (draft-ietf-idr-link-bandwidth), over three internal peers. */
const FLOATS: Record<number, number> = { 1000: 0x447a0000, 2000: 0x44fa0000, 3000: 0x453b8000, 0: 0 }
const bandwidth = (octetsPerSecond: number, type = 0x40) => [
  ...[0xc0, 16, 8, type, 4, 0xfd, 0xe8],
  ...u32(FLOATS[octetsPerSecond]!),
]

function stage(maxPaths = 8) {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    maxPaths,
    peers: [2, 3, 4].map((n) => peer(`10.0.0.${n}`, { passive: true })),
  })
  const { feed } = node.speaker
  const raws = [2, 3, 4].map((n) =>
    new RawPeer(rack, `10.0.0.${n}`).establish('10.0.0.1', open({ identifier: [10, 0, 0, n] })),
  )
  const tell = (n: number, extra: readonly number[] = [], more = {}) =>
    raws[n - 2]!.send(update({ nlri: ['20.0.0.0/8'], nextHop: [10, 0, 0, n], extra, ...more }))
  const paths = () => {
    let last: BestRoute | undefined
    feed.drain(100, (route) => {
      last = route
    })
    return last?.paths.map(({ nextHop, weight }) => [nextHop, weight])
  }
  return { node, tell, paths }
}

describe('weights', () => {
  test('are as the bandwidths are to each other, and shown', () => {
    const { node, tell, paths } = stage()
    tell(2, bandwidth(1000))
    tell(3, bandwidth(2000))
    expect(paths()).toEqual([
      ['10.0.0.2', 1],
      ['10.0.0.3', 2],
    ])
    const { routes } = node.speaker.routes({ allPaths: true })
    expect(routes.map(({ nextHop, weight, communities }) => [nextHop, weight, communities])).toEqual([
      ['10.0.0.2', 1, ['bandwidth:65000:1000']],
      ['10.0.0.3', 2, ['bandwidth:65000:2000']],
    ])
    tell(4, bandwidth(3000, 0))
    // 85 : 171 : 256, which is as near as the kernel's weights come to it.
    expect(paths()?.map(([, weight]) => weight)).toEqual([85, 171, 256])
  })

  test('are equal when one path carries none, when all are zero, and when all are the same', () => {
    for (const [first, second] of [
      [bandwidth(1000), []],
      [bandwidth(0), bandwidth(0)],
      [bandwidth(2000), bandwidth(2000)],
    ]) {
      const { tell, paths } = stage()
      tell(2, first)
      tell(3, second)
      expect(paths()?.map(([, weight]) => weight)).toEqual([1, 1])
    }
  })

  test('mean nothing for a path alone', () => {
    const { node, tell, paths } = stage()
    tell(2, bandwidth(2000))
    expect(paths()).toEqual([['10.0.0.2', 1]])
    expect(node.best().get('20.0.0.0/8')?.weight).toBeUndefined()
  })
})

test('extended communities that are not transitive do not leave the AS, the others do', () => {
  const rack = new Rack()
  const options = { passive: true, exportPolicies: ['all'] }
  rack.speaker('10.0.0.1', {
    policies: [{ name: 'all', rules: [], defaultAction: 'accept' }],
    peers: [peer('10.0.0.2', options), peer('10.0.0.3', { ...options, remoteAsn: 65003 })],
  })
  const to = new RawPeer(rack, '10.0.0.3').establish('10.0.0.1', open({ asn: 65003, identifier: [10, 0, 0, 3] }))
  const from = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open())
  const target = [0, 2, 0xfd, 0xe8, 0, 0, 0, 1]
  const local = [0x40, 4, 0xfd, 0xe8, 0, 0, 0, 0]
  from.send(update({ nlri: ['20.0.0.0/8'], extra: [0xc0, 16, 16, ...local, ...target] }))
  from.send(update({ nlri: ['21.0.0.0/8'], extra: [0xc0, 16, 8, ...local] }))
  expect(to.routes.get('20.0.0.0/8')?.get(16)).toBe('0002fde800000001')
  expect(to.routes.get('21.0.0.0/8')?.has(16)).toBe(false)
})

test('MED of different neighbours counts where that is asked for, from then on and for what is there', () => {
  const { node, tell } = stage(1)
  tell(2, [], { asPath: [7], med: 20 })
  tell(3, [], { asPath: [8], med: 10 })
  const best = () => node.best().get('20.0.0.0/8')
  expect(best()).toMatchObject({ from: '10.0.0.2', decidedBy: 'router-id' })
  node.apply({ alwaysCompareMed: true })
  node.speaker.routes({})
  tell(4, [], { asPath: [9], med: 30 })
  expect(best()).toMatchObject({ from: '10.0.0.3', decidedBy: 'med' })
  node.apply({ alwaysCompareMed: false })
  tell(4, [], { asPath: [9], med: 31 })
  expect(best()).toMatchObject({ from: '10.0.0.2' })
})
