import type { PrefixWords } from '../ip/prefix.ts'
import type { KernelRoute } from './kernel-routes.ts'
import { type Ownership, sameOwnership } from './ownership.ts'
import { Operation, type RouteBatch } from './route-batch.ts'

interface SurplusRoute {
  readonly prefix: PrefixWords
  readonly metric: number
  readonly ownership: Ownership
}

/** Kernel routes of ours that have no row: a second one for a prefix, or one of a former ownership. */
export class Surplus {
  #routes: SurplusRoute[] = []

  clear(): void {
    this.#routes = []
  }

  get size(): number {
    return this.#routes.length
  }

  add(prefix: PrefixWords, metric: number, ownership: Ownership): void {
    this.#routes.push({ prefix: { ...prefix }, metric, ownership })
  }

  /** It is gone already. */
  remove(route: KernelRoute): void {
    this.#routes = this.#routes.filter((each) => each.metric !== route.metric || !samePrefix(each.prefix, route.prefix))
  }

  /** Moves as many as fit into the batch; one ownership at a time. */
  fill(batch: RouteBatch): void {
    const ownership = this.#routes.at(-1)?.ownership
    if (ownership === undefined) return
    batch.table = ownership.table
    batch.protocol = ownership.protocol
    for (let last = this.#routes.at(-1); last !== undefined && !batch.isFull; last = this.#routes.at(-1)) {
      if (!sameOwnership(last.ownership, ownership)) break
      batch.add(Operation.Delete, last.prefix, undefined, last.metric)
      this.#routes.pop()
    }
  }
}

function samePrefix(a: PrefixWords, b: PrefixWords): boolean {
  return (
    a.family === b.family && a.length === b.length && a.w0 === b.w0 && a.w1 === b.w1 && a.w2 === b.w2 && a.w3 === b.w3
  )
}
