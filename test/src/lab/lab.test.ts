import { describe, expect, test } from 'vitest'
import { nextHopsTo } from '../../../src/lab/convergence.ts'
import { lossAfter } from '../../../src/lab/measure.ts'
import { startTicks } from '../../../src/lab/netns.ts'
import { clusterObjects, torObjects } from '../../../src/lab/objects.ts'
import { NODES } from '../../../src/lab/plan.ts'
import { parseObject } from '../../../src/objects/parse.ts'

describe('the objects of the lab', () => {
  test.each([
    ['the cluster', clusterObjects()],
    ['the router', torObjects()],
  ])('of %s are as good as those of a cluster must be', (_, objects) => {
    const parsed = objects.map((object, i) => parseObject(object, { position: `object ${i}` }))
    expect(parsed.flatMap((each) => (each.ok ? [] : each.problems))).toEqual([])
  })

  test('put the service on two nodes in different racks', () => {
    const serving = NODES.filter((node) => node.serves)
    expect(serving).toHaveLength(2)
    expect(new Set(serving.map((node) => node.rack)).size).toBe(2)
  })
})

describe('what a loss cost', () => {
  const probe = (at: number, answer: string | null = 'pod') => ({ at, answer })

  test('is nothing when all probes were answered', () => {
    expect(lossAfter([probe(0), probe(10), probe(20)], 5)).toEqual({ sent: 2, lost: 0, milliseconds: 0 })
  })

  test('is counted from the event to the last lost probe, whatever the order of answers', () => {
    const probes = [probe(0, null), probe(10), probe(40, null), probe(20, null), probe(50)]
    expect(lossAfter(probes, 10)).toEqual({ sent: 4, lost: 2, milliseconds: 30 })
  })
})

test.each([
  ['no route', [], []],
  ['one next hop', [{ dst: '192.0.2.1', gateway: '10.0.0.1' }], ['10.0.0.1']],
  [
    'several',
    [{ dst: '192.0.2.1', nexthops: [{ gateway: '10.0.0.1' }, { gateway: '10.0.0.2' }] }],
    ['10.0.0.1', '10.0.0.2'],
  ],
  ['a blackhole', [{ dst: '192.0.2.1', type: 'blackhole' }], []],
  ['a route to elsewhere', [{ dst: '192.0.2.2', gateway: '10.0.0.1' }], []],
])('the next hops of %s are read from what ip prints', (_, routes, expected) => {
  expect(nextHopsTo(routes, '192.0.2.1')).toEqual(expected)
})

test('a process is known by when it started', () => {
  expect(startTicks(process.pid)).toMatch(/^\d+$/)
  expect(startTicks(process.pid)).toBe(startTicks(process.pid))
  expect(startTicks(2 ** 30)).toBeUndefined()
})
