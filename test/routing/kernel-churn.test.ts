import fc from 'fast-check'
import { expect, test } from 'vitest'
import { prefix } from '../../routing/ip/prefix.ts'
import type { Kernel } from '../../routing/kernel.ts'
import { CONFIG, hops, words } from '../contracts/kernel-routes.ts'
import type { Failure } from '../fakes/kernel.ts'
import { FakeWorld } from './fake-world.ts'

const PREFIXES = ['10.1.0.0/24', '10.2.0.0/16', '10.2.0.0/24', '10.3.0.7/32', '2001:db8:5::/48', '2001:db8:5::1/128']
/** With where they lead, written as in the kernel. */
const NEXT_HOPS: readonly (readonly [hops: string[], kernel: { single: string } | { several: string }])[] = [
  [['192.0.2.2'], { single: 'via 192.0.2.2 dev west' }],
  [['198.51.100.7'], { single: 'via 198.51.100.7 dev south' }],
  [
    ['192.0.2.2', '198.51.100.7*3'],
    { several: 'nexthop via 192.0.2.2 dev west weight 1 nexthop via 198.51.100.7 dev south weight 3' },
  ],
]
const METRICS = [undefined, undefined, 7, 500]
const FAILURES: readonly Failure[] = [
  { call: 'add', errno: 'EEXIST' },
  { call: 'add', errno: 'ENETUNREACH' },
  { call: 'replace', errno: 'ENOENT' },
  { call: 'replace', errno: 'EINVAL' },
  { call: 'delete', errno: 'EBUSY' },
  { call: 'group', errno: 'EINVAL' },
  { call: 'dump' },
  { call: 'apply' },
  { call: 'links' },
  { call: 'news' },
]
const pick = <T>(from: readonly T[], n: number): T => from[n % from.length]!

/** What goes on around a kernel side: a step of somebody's, chosen by three numbers. */
class Churn {
  readonly world: FakeWorld
  readonly wanted = new Map<string, { readonly next: number; readonly metric: number | undefined }>()
  readonly foreign = new Set<string>()
  #kernel: Kernel
  #own = false

  constructor(world: FakeWorld, kernel: Kernel) {
    this.world = world
    this.#kernel = kernel
  }

  step(kind: number, a: number, b: number): void {
    const text = pick(PREFIXES, a)
    const steps = [
      () => this.#want(text, b),
      () => this.#want(text, b),
      () => this.#unwant(text),
      () => this.#othersAdd(`blackhole ${text} proto 4 metric ${pick([1024, 7, 9], b)}`),
      () => this.#othersRemove(b),
      () => this.#othersBreak(a),
      () => this.#othersAlter(text, b),
      () => this.world.setLink(pick(['west', 'south'], a), b % 2 === 0 ? 'up' : 'down'),
      () => this.world.kernel.failNext(pick(FAILURES, a)),
      () => this.world.clock.advance(b % 500),
      () => this.world.clock.advance(b % 10),
      () => this.world.clock.runUntilIdle(),
      () => this.#reconfigure(b % 2 === 0),
      () => this.#othersDeleteGroup(b),
    ]
    pick(steps, kind)()
  }

  /** What must be in the kernel in the end. */
  expected(): string[] {
    const taken = new Set([...this.foreign].map(place))
    const ours = [...this.wanted].flatMap(([text, { next, metric = CONFIG.metric }]) => {
      if (this.#own && text.startsWith('10.2.')) return []
      if (taken.has(`${text} ${metric}`)) return []
      const kernel = NEXT_HOPS[next]![1]
      const fixed = `proto 179 metric ${metric}`
      return 'single' in kernel ? `${text} ${kernel.single} ${fixed}` : `${text} ${fixed} ${kernel.several}`
    })
    return [...ours, ...this.foreign].sort()
  }

  #want(text: string, n: number): void {
    // The next hops here are IPv4, which an IPv6 route cannot have.
    if (text.includes(':')) return
    const next = n % NEXT_HOPS.length
    const metric = pick(METRICS, n >> 3)
    this.wanted.set(text, { next, metric })
    this.#kernel.want(words(text), hops(...NEXT_HOPS[next]![0]), { metric })
  }

  #unwant(text: string): void {
    this.wanted.delete(text)
    this.#kernel.unwant(words(text))
  }

  #othersAdd(route: string): void {
    for (const each of this.foreign) if (place(each) === place(route)) return
    // They take the place whether we are there or not.
    this.world.replaceRoute(route)
    this.foreign.add(route)
  }

  #othersRemove(n: number): void {
    const route = [...this.foreign][n % Math.max(1, this.foreign.size)]
    if (route === undefined) return
    this.world.deleteRoute(route)
    this.foreign.delete(route)
  }

  #othersBreak(n: number): void {
    const ours = this.world.routes().filter((route) => route.includes('proto 179'))
    if (ours.length > 0) this.world.deleteRoute(pick(ours, n))
  }

  #othersDeleteGroup(n: number): void {
    const { groups } = this.world.kernel
    if (groups.length > 0) this.world.kernel.deleteGroup(pick(groups, n))
  }

  #othersAlter(text: string, n: number): void {
    const route = `blackhole ${text} proto 179 metric ${pick([1024, 7, 500, 3], n)}`
    if (![...this.foreign].some((each) => place(each) === place(route))) this.world.replaceRoute(route)
  }

  #reconfigure(own: boolean): void {
    this.#own = own
    this.#kernel.configure({ ...CONFIG, ownPrefixes: own ? [prefix('10.2.0.0/16')] : [] })
  }
}

function place(route: string): string {
  const [, text, metric] = /^blackhole (\S+) .*metric (\d+)/.exec(route) ?? []
  return `${text} ${metric}`
}

const step = fc.tuple(fc.nat(13), fc.nat(100), fc.nat(1_000))

test.each([true, false])(
  'whatever happens and fails, in the end the kernel is as wanted and others are as they were (next-hop groups: %s)',
  async (hasGroups) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }),
        fc.constantFrom(0, 13),
        async (steps, latencyMs) => {
          const world = new FakeWorld(hasGroups)
          world.addLink('west', '192.0.2.1/24')
          world.addLink('south', '198.51.100.1/24')
          const kernel = await world.open()
          world.kernel.latencyMs = latencyMs
          const churn = new Churn(world, kernel)
          kernel.configure(CONFIG)
          kernel.converged()
          for (const [kind, a, b] of steps) churn.step(kind, a, b)

          for (const link of ['west', 'south']) world.setLink(link, 'up')
          const expected = JSON.stringify(churn.expected())
          const settled = () => kernel.idle && JSON.stringify(world.routes()) === expected
          await world.until('it settles', settled).catch(() => undefined)
          expect(world.routes()).toEqual(churn.expected())
          // And it stays so.
          world.clock.advance(100_000)
          expect(world.routes()).toEqual(churn.expected())
          await kernel.close({ keepRoutes: true })
        },
      ),
      { numRuns: 300, seed: 20 },
    )
  },
  60_000,
)
