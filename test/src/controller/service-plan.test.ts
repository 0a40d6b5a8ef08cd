import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Facts, pools } from '../ipam/services.ts'
import { World } from './leaders.ts'

const POOLS = [
  pools({ a: { addresses: ['192.0.2.0/30', '2001:db8::/126'], reuseDelaySeconds: 0 } }),
  pools({ a: { addresses: ['192.0.2.0/31'], reuseDelaySeconds: 1 } }),
  pools({ a: { addresses: ['192.0.2.2/31', '2001:db8::/127'], reuseDelaySeconds: 0, onRemoval: 'Reassign' } }),
]

const facts: fc.Arbitrary<Facts> = fc.record({
  families: fc.constantFrom<NonNullable<Facts['families']>>(['IPv4'], ['IPv4'], ['IPv6'], ['IPv4', 'IPv6']),
  policy: fc.constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack'),
  ports: fc.constantFrom(['TCP/80'], ['TCP/443']),
  key: fc.constantFrom('', '', 'k'),
  local: fc.boolean(),
  crossNamespace: fc.constantFrom('', '*'),
  ips: fc.constantFrom('', '', '192.0.2.1', '192.0.2.2', '192.0.2.3'),
  class: fc.constantFrom('routelet.io/lb', 'routelet.io/lb', 'routelet.io/lb', 'example.com/lb'),
})
const name = fc.constantFrom('n0/s0', 'n0/s1', 'n0/s2', 'n1/s0', 'n1/s1')
const number = fc.nat({ max: 50 })
type Step = (world: World) => string[]
const quiet =
  (step: (world: World) => unknown): Step =>
  (world) => {
    step(world)
    return []
  }
const step: fc.Arbitrary<readonly [string, Step]> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(name, facts).map(([n, f]) => [`put ${n}`, quiet((w) => w.put(n, f))] as const) },
  { weight: 2, arbitrary: name.map((n) => [`delete ${n}`, quiet((w) => w.services.delete(n))] as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 1, 2).map(
      (i) =>
        [
          `pools ${i}`,
          quiet((w) => {
            w.of = POOLS[i]!
          }),
        ] as const,
    ),
  },
  { weight: 2, arbitrary: fc.constant(['see', quiet((w) => w.see())] as const) },
  { weight: 2, arbitrary: fc.constant(['run', quiet((w) => w.run())] as const) },
  {
    weight: 8,
    arbitrary: fc.constant([
      'see and run',
      quiet((w) => {
        w.see()
        w.run()
      }),
    ] as const),
  },
  { weight: 8, arbitrary: number.map((i) => [`arrive ${i}`, (w: World) => w.arrive(i)] as const) },
  { weight: 2, arbitrary: fc.constant(['leader', quiet((w) => w.newLeader())] as const) },
  {
    weight: 1,
    arbitrary: fc.constant([
      'wait',
      quiet((w) => {
        w.now += 2_000
      }),
    ] as const),
  },
)

/** Long enough on a slow machine. */
const PATIENCE_MS = 120_000

const plain: Facts = { families: ['IPv4'], ports: ['TCP/80'], key: '', local: false, crossNamespace: '', ips: '' }

/** Sees, writes, and lets all that arrive, until there is nothing to write. */
function settle(world: World): void {
  for (let i = 0; i < 10; i++) {
    world.see()
    world.run()
    while (world.sent.length > 0) expect(world.arrive(0)).toEqual([])
  }
}

const had = (world: World) => Object.fromEntries([...world.services].map(([name, { has }]) => [name, `${has}`]))

describe('a write of the leader before', () => {
  test('that comes late gives no address that the next one has given to another Service', () => {
    const world = new World(pools({ a: ['192.0.2.1/32'] }))
    world.put('n/late', plain)
    world.see()
    world.run()
    const [late] = world.sent.splice(0)
    world.newLeader()
    world.put('n/asks', { ...plain, ips: '192.0.2.1' })
    world.put('n/late', { ...plain, policy: 'SingleStack' })
    settle(world)
    world.sent.push(late!)
    expect(world.arrive(0)).toEqual([])
    expect(Object.values(had(world)).toSorted()).toEqual(['', '192.0.2.1'])
  })

  test('that would move a Service holds for a version in which it is not settled', () => {
    const both = pools({ a: ['192.0.2.1/32'], b: ['192.0.2.2/32'] })
    const world = new World(both)
    world.put('n/moves', plain)
    settle(world)
    expect(had(world)).toEqual({ 'n/moves': '192.0.2.1' })
    // The first leader sees the pool gone, and moves the Service; the second one sees it back, and the Service settled.
    world.of = pools({ b: { addresses: ['192.0.2.2/32'], onRemoval: 'Reassign' } })
    world.see()
    world.run()
    const late = world.sent.splice(0)
    world.of = both
    world.newLeader()
    world.put('n/other', plain)
    settle(world)
    expect(had(world)).toEqual({ 'n/moves': '192.0.2.1', 'n/other': '192.0.2.2' })
    world.sent.push(...late)
    while (world.sent.length > 0) expect(world.arrive(0)).toEqual([])
    expect(had(world)).toEqual({ 'n/moves': '192.0.2.1', 'n/other': '192.0.2.2' })
  })

  test('is not waited for where the Lease was given up after it', () => {
    const world = new World(pools({ a: ['192.0.2.1/32'] }))
    world.put('n/new', plain)
    world.see()
    expect(world.run()).toBe(1)
    expect(world.sent[0]?.ingress).toEqual(['192.0.2.1'])
  })
})

test('an address that one Service leaves goes to another only when the first one shows it no more', () => {
  const world = new World(pools({ a: { addresses: ['192.0.2.1-192.0.2.2'], reuseDelaySeconds: 0 } }))
  world.put('n/first', plain)
  settle(world)
  world.put('n/first', { ...plain, ips: '192.0.2.2' })
  world.put('n/second', { ...plain, ips: '192.0.2.1' })
  settle(world)
  expect(had(world)).toEqual({ 'n/first': '192.0.2.2', 'n/second': '192.0.2.1' })
})

describe('over any history with leaders that change while writes are on their way', () => {
  const history = fc.array(step, { minLength: 60, maxLength: 120, size: 'max' })

  test(
    'no Service is given what another one has, but by sharing',
    () => {
      fc.assert(
        fc.property(history, (steps) => {
          const world = new World(POOLS[0]!)
          for (const [, each] of steps) expect(each(world)).toEqual([])
        }),
        { numRuns: 200 },
      )
    },
    PATIENCE_MS,
  )

  test(
    'it comes to rest, and then nothing is written',
    () => {
      fc.assert(
        fc.property(history, (steps) => {
          const world = new World(POOLS[0]!)
          for (const [, each] of steps) each(world)
          let writes = 1
          for (let i = 0; i < 30 && writes + world.sent.length > 0; i++) {
            world.see()
            writes = world.run()
            while (world.sent.length > 0) expect(world.arrive(0)).toEqual([])
            world.now += 2_000
          }
          expect(writes).toBe(0)
        }),
        { numRuns: 60 },
      )
    },
    PATIENCE_MS,
  )
})
