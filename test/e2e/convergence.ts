import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { eventually } from '../eventually.ts'
import type { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import { ADDRESS, addressOf, OUTSIDE, podCIDR } from './cluster-objects.ts'

const FAMILIES = [4, 6] as const

/** So long anything may take on a machine that does a lot besides. */
const PATIENCE_MS = 45_000
const LOOK_EVERY_MS = 50

/** Waits until what is asked for is as expected; shows the difference when it does not come to that. */
export async function becomes<T>(ask: () => T | Promise<T>, expected: T): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await ask()
    if (isDeepStrictEqual(found, expected)) return
    if (performance.now() > end) expect(found).toEqual(expected)
    await pause(LOOK_EVERY_MS)
  }
}

/** Waits for something. */
export async function happens(what: string, condition: () => Promise<boolean>): Promise<void> {
  await eventually(what, condition, PATIENCE_MS)
}

/** Service address → numbers of the nodes that the router reaches it by. */
export type Services = Readonly<Record<string, readonly number[]>>

/**
 * Waits until the router and every node have the routes that these nodes and services make, in the tables of BGP and in
 * the kernel, and no others.
 */
export async function converged(
  cluster: Cluster,
  nodes: ReadonlyMap<number, ClusterNode>,
  services: Services = {},
): Promise<void> {
  const numbers = [...nodes.keys()]
  for (const family of FAMILIES) {
    const learned = atRouter(numbers, family, services)
    const all = new Map(learned).set(OUTSIDE[family], [family === 4 ? '0.0.0.0' : '::'])
    await becomes(() => cluster.router.routes(family), all)
    await becomes(() => cluster.router.kernel(family), learned)
    for (const [number, node] of nodes) await becomes(() => node.kernel(family), atNode(number, numbers, family))
  }
}

function atRouter(numbers: readonly number[], family: 4 | 6, services: Services): Map<string, readonly string[]> {
  const routes = new Map<string, readonly string[]>()
  for (const number of numbers) routes.set(podCIDR(number, family), [addressOf(number, family)])
  for (const [address, serving] of Object.entries(services)) {
    if (address.includes(':') !== (family === 6)) continue
    const ways = serving.map((number) => addressOf(number, family))
    routes.set(`${address}/${family === 4 ? 32 : 128}`, ways)
  }
  return routes
}

function atNode(self: number, numbers: readonly number[], family: 4 | 6): Map<string, readonly string[]> {
  const routes = new Map([[OUTSIDE[family] as string, [addressOf(ADDRESS.router, family)]]])
  for (const number of numbers) {
    routes.set(podCIDR(number, family), [number === self ? 'blackhole' : addressOf(number, family)])
  }
  return routes
}
