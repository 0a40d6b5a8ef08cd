import type { BestRoute, BestRouteFeed } from '../bgp/contract.ts'
import type { Clock } from '../bgp/ports.ts'

export interface RouteInstaller {
  /** One best route, or that there is none any more. */
  route(route: BestRoute): void
}

/** So many routes are handed over at a time that it takes a millisecond or two. */
const SLICE_ROUTES = 1000

/** Hands best routes to the kernel side in slices, at the pace of the event loop. */
export class KernelFeed {
  readonly #clock: Clock
  readonly #feed: BestRouteFeed
  readonly #installer: RouteInstaller
  #scheduled = false
  #stopped = false

  constructor(clock: Clock, feed: BestRouteFeed, installer: RouteInstaller) {
    this.#clock = clock
    this.#feed = feed
    this.#installer = installer
  }

  /** Nothing waits to be handed over. */
  get idle(): boolean {
    return !this.#scheduled
  }

  changed(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    this.#clock.soon(() => this.#slice())
  }

  /** Hands over all best routes once more. */
  rewind(): void {
    this.#feed.rewind()
    this.changed()
  }

  stop(): void {
    this.#stopped = true
  }

  #slice(): void {
    this.#scheduled = false
    if (this.#stopped) return
    if (this.#feed.drain(SLICE_ROUTES, (route) => this.#installer.route(route))) this.changed()
  }
}
