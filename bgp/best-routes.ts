import type { Address } from '../routing/ip/address.ts'
import type { PrefixWords } from '../routing/ip/prefix.ts'

/** A best route, as the kernel join sees it. Empty `paths`: there is none any more. */
export interface BestRoute {
  readonly prefix: PrefixWords
  readonly paths: readonly NextHopPath[]
  readonly kernelMetric?: number
  /** A policy rule accepted it whose `prefixes` match it: what makes a default route installable. */
  readonly namedByPolicy: boolean
  /** Traffic for it is to be discarded (RFC 7999). */
  readonly discard?: true
}

/** Arrays of these are shared: routes with the same next hops have the identical array, so it can be a map key. */
export interface NextHopPath {
  readonly nextHop: Address
  /** Relative weight for weighted ECMP, 1 unless link bandwidth says otherwise. */
  readonly weight: number
  /** For link-local next hops. */
  readonly interfaceName?: string
}

/** The best routes as a stream of changes that the consumer pulls at its own pace; a lagging one sees only the newest. */
export interface BestRouteFeed {
  /** Visits up to `limit` prefixes whose learned best route changed; true when more wait. Routes of our own show as empty paths. */
  drain(limit: number, visit: (route: BestRoute) => void): boolean
  /** Every best route counts as changed, so that the consumer is told all of them again. */
  rewind(): void
  /** Every peer that should have sent its End-of-RIB has, or the time for it is over (RFC 4724, section 4.1). */
  readonly complete: boolean
}

/** Is this next hop reachable, and how far is it? Asked once per distinct next hop, again after `Speaker.nextHopsChanged`. */
export type NextHopResolver = (
  nextHop: Address,
  interfaceName?: string,
) => { readonly resolvable: boolean; readonly cost: number }
