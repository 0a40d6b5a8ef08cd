import type { KernelRoute } from './kernel-routes.ts'

/** Which kernel routes are ours: those of our protocol in our table, with whatever metric. All others are never touched. */
export interface Ownership {
  readonly table: number
  readonly protocol: number
}

export function owns(ownership: Ownership, route: KernelRoute): boolean {
  return route.table === ownership.table && route.protocol === ownership.protocol
}

export function sameOwnership(a: Ownership, b: Ownership): boolean {
  return a.table === b.table && a.protocol === b.protocol
}
