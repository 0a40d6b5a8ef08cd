import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import { RouteWatch } from './route-watch.ts'

const LOOK_EVERY_MS = 100

/**
 * Watches, until it is ended, that nothing goes away: the kernels by what they tell, the router's table by looking again
 * and again.
 */
export class LossWatch implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #kernels: ReadonlyMap<string, RouteWatch>
  readonly #missed = new Set<string>()
  readonly #looking: Promise<void>
  #ended = false

  private constructor(cluster: Cluster, kernels: ReadonlyMap<string, RouteWatch>, prefixes: readonly string[]) {
    this.#cluster = cluster
    this.#kernels = kernels
    this.#looking = this.#look(prefixes)
  }

  static async start(cluster: Cluster, nodes: ReadonlyMap<number, ClusterNode>): Promise<LossWatch> {
    const kernels = new Map([['router', await RouteWatch.start(cluster.router.netns)]])
    for (const { name, netns } of nodes.values()) kernels.set(name, await RouteWatch.start(netns))
    return new LossWatch(cluster, kernels, await prefixesAt(cluster))
  }

  /** What was lost in between, by where: in bgpd, in the kernels of the router and of the nodes. */
  async end(): Promise<Record<string, readonly string[]>> {
    this.#ended = true
    await this.#looking
    const losses: Record<string, readonly string[]> = { bgpd: [...this.#missed].sort() }
    for (const [name, kernel] of this.#kernels) losses[name] = await kernel.end()
    return Object.fromEntries(Object.entries(losses).filter(([, lost]) => lost.length > 0))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#looking
  }

  async #look(prefixes: readonly string[]): Promise<void> {
    while (!this.#ended) {
      const there = await prefixesAt(this.#cluster)
      for (const prefix of prefixes) if (!there.includes(prefix)) this.#missed.add(prefix)
      await pause(LOOK_EVERY_MS)
    }
  }
}

/** What the router has a best path to. */
async function prefixesAt({ router }: Cluster): Promise<string[]> {
  const tables = [await router.routes(4), await router.routes(6)]
  return tables.flatMap((table) => [...table].filter(([, ways]) => ways.length > 0).map(([prefix]) => prefix))
}
