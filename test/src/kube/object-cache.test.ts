import { describe, expect, test } from 'vitest'
import { ObjectCache } from '../../../src/kube/object-cache.ts'
import { node, peer, service } from '../../fakes/objects.ts'

function cache() {
  let changes = 0
  const objects = new ObjectCache(() => changes++)
  return {
    objects,
    changes: () => changes,
    good: () => [...objects.entries].map(({ good }) => good && ('spec' in good ? [good.metadata.name, good.spec] : [])),
    names: () => [...objects.entries].map(({ name }) => name),
    problems: () =>
      [...objects.entries].flatMap(({ problems }) => problems.map(({ object, path }) => `${object} ${path}`)),
  }
}

test('it is full after the first list, even an empty one, and says so', () => {
  const { objects, changes } = cache()
  expect(objects.full).toBe(false)
  objects.replace([])
  expect([objects.full, changes()]).toEqual([true, 1])
})

describe('a list', () => {
  test('removes what is not in it', () => {
    const { objects, names, changes } = cache()
    objects.replace([node('n1'), node('n2')])
    objects.replace([node('n2')])
    expect([names(), changes()]).toEqual([['n2'], 2])
  })

  test('that says nothing new changes nothing', () => {
    const { objects, changes } = cache()
    objects.replace([node('n1')])
    objects.replace([node('n1')])
    expect(changes()).toBe(1)
  })
})

describe('a change', () => {
  const beating = (beat: string) => {
    const raw = node('n1') as { metadata: object; status: object }
    return {
      ...raw,
      metadata: { ...raw.metadata, resourceVersion: beat },
      status: { ...raw.status, images: [beat] },
    }
  }

  test('of what we do not read is none', () => {
    const { objects, changes } = cache()
    objects.replace([beating('1')])
    objects.put(beating('2'))
    expect(changes()).toBe(1)
  })

  test('of what we read is one', () => {
    const { objects, changes } = cache()
    objects.replace([node('n1')])
    objects.put(node('n1', { podCIDRs: [] }))
    objects.put(node('n2'))
    objects.remove(node('n2'))
    objects.remove(node('n2'))
    expect(changes()).toBe(4)
  })
})

describe('a bad version of an object', () => {
  const bad = peer('tor-1', { peerASN: 0 })

  test('leaves its last good one in force, and is a problem', () => {
    const { objects, good, problems } = cache()
    objects.replace([peer('tor-1', { port: 1179 })])
    objects.put(bad)
    expect(good()).toEqual([['tor-1', expect.objectContaining({ port: 1179 })]])
    expect(problems()).toEqual(['BGPPeer tor-1 spec.peerASN'])
  })

  test('does so in a new list too', () => {
    const { objects, good } = cache()
    objects.replace([peer('tor-1')])
    objects.replace([bad])
    expect(good()).toEqual([['tor-1', expect.objectContaining({ peerASN: 65000 })]])
  })

  test('stops none of the others', () => {
    const { objects, good, problems } = cache()
    objects.replace([bad, peer('tor-2')])
    expect(good()).toEqual([undefined, ['tor-2', expect.anything()]])
    expect(problems()).toHaveLength(1)
  })

  test('is no problem any more once it is mended, or gone', () => {
    const { objects, problems, good } = cache()
    objects.replace([bad])
    objects.put(peer('tor-1'))
    expect(problems()).toEqual([])
    objects.put(bad)
    objects.remove(bad)
    expect([problems(), good()]).toEqual([[], []])
  })
})

test('objects of one name in two namespaces are two', () => {
  const { objects, names } = cache()
  objects.replace([service('shop/web'), service('blog/web')])
  expect(names()).toEqual(['web', 'web'])
})
