import { expect, test } from 'vitest'
import { address } from '../../routing/ip/address.ts'
import { open, RawPeer, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** One reflector, two clusters (RFC 4456, section 7): .2 and .3 are clients in 1.1.1.1, .4 in 2.2.2.2, .5 is no client. */
function stage() {
  const rack = new Rack()
  const client = (n: number, clusterId: string) =>
    peer(`10.0.0.${n}`, { passive: true, routeReflectorClient: true, clusterId: address(clusterId) })
  const node = rack.speaker('10.0.0.1', {
    peers: [client(2, '1.1.1.1'), client(3, '1.1.1.1'), client(4, '2.2.2.2'), peer('10.0.0.5', { passive: true })],
  })
  const raws = [2, 3, 4, 5].map((n) =>
    new RawPeer(rack, `10.0.0.${n}`).establish('10.0.0.1', open({ identifier: [10, 0, 0, n] })),
  )
  const from = (n: number) => raws[n - 2]!
  /** CLUSTER_LIST as each of the others is told it. */
  const lists = () => raws.map((raw) => raw.routes.get('20.0.0.0/8')?.get(10))
  return { node, from, lists }
}

test('a route carries the cluster of the client it comes from', () => {
  const { from, lists } = stage()
  from(2).send(update({ nlri: ['20.0.0.0/8'] }))
  expect(lists()).toEqual([undefined, '01010101', '01010101', '01010101'])
})

test('of one that is no client, the cluster it goes to', () => {
  const { from, lists } = stage()
  from(5).send(update({ nlri: ['20.0.0.0/8'] }))
  expect(lists()).toEqual(['01010101', '01010101', '02020202', undefined])
})

test.each([
  ['1.1.1.1', [1, 1, 1, 1]],
  ['2.2.2.2', [2, 2, 2, 2]],
  ['its own identifier', [10, 0, 0, 1]],
])('what has been through %s has been here', (_, cluster) => {
  const { node, from } = stage()
  from(5).send(update({ nlri: ['20.0.0.0/8'], clusterList: [cluster], originatorId: [9, 9, 9, 9] }))
  expect(node.prefixes()).toEqual([])
  const [route] = node.speaker.routes({ allPaths: true }).routes
  expect(route?.ineligible).toBe('own cluster in CLUSTER_LIST')
})
