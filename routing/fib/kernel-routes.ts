import type { PrefixWords } from '../ip/prefix.ts'
import type { GroupId, RouteType } from './kernel-target.ts'
import type { NextHopWords } from './next-hop-words.ts'
import type { RouteBatch } from './route-batch.ts'

/** A route as the kernel tells it. One object is filled anew for each; copy what is kept. */
export interface KernelRoute {
  readonly prefix: PrefixWords
  table: number
  protocol: number
  metric: number
  type: RouteType
  /** It has attributes that ours never have. */
  strange: boolean
  readonly nextHops: NextHopWords
  /** The next-hop object that it names; 0: it has its next hops itself. */
  group: GroupId
  /** It took the place of another route with this prefix and metric. */
  replaces: boolean
}

/** A next-hop group as the kernel tells it. One object is filled anew for each. */
export interface KernelGroup {
  id: GroupId
  protocol: number
  readonly nextHops: NextHopWords
}

/** The kernel's routing tables, as far as the FIB needs them. */
export interface KernelRoutes {
  /** Routes can share their next hops as groups. */
  readonly hasGroups: boolean
  /** From now on changes made by anybody but `apply` are told. */
  watch(watcher: RouteWatcher): void
  /**
   * Tells all groups of the protocol, then all routes of both families, in order with the changes that happen meanwhile,
   * then `dumped`.
   */
  dump(protocol: number): void
  /** Makes the changes of the batch and notes in it what came of each. One batch at a time. */
  apply(batch: RouteBatch, done: () => void): void
  close(): void
}

export interface RouteWatcher {
  foundGroup(group: KernelGroup): void
  /** Somebody has changed or removed a group. */
  groupsChanged(): void
  found(route: KernelRoute): void
  /** The dump is over; with an error, it is not whole. */
  dumped(error?: Error): void
  added(route: KernelRoute): void
  removed(route: KernelRoute): void
  /** Changes have been lost. */
  overflow(): void
}
