import type { SpeakerConfig } from '../bgp/contract.ts'
import type { Address } from '../routing/ip/address.ts'
import type { Prefix } from '../routing/ip/prefix.ts'

/** What the control side wants of the routing core: whole, plain, idempotent. */
export interface DesiredState {
  readonly speaker: SpeakerConfig
  /** Absent on a reflector: nothing is installed. */
  readonly kernel?: KernelIntent
  /** What this node should announce, and why or why not, for status and `explain`. */
  readonly announcements: readonly Announcement[]
  readonly problems: readonly Problem[]
}

export interface KernelIntent {
  readonly table: number
  readonly metric: number
  readonly protocol: number
  readonly maxPaths: number
  /** `podNetwork.install`. */
  readonly installLearned: boolean
  /** Installed as blackhole routes, so that traffic to absent pods does not loop. */
  readonly blackholes: readonly Prefix[]
  /** Never installed, nor anything inside: own pod CIDRs and own service addresses. */
  readonly ownPrefixes: readonly Prefix[]
  /** Links on which this host says that it is a router, so that unnumbered peers find it. */
  readonly advertiseOn: readonly string[]
  /** Never covered or replaced by a learned route: the API server, the peers. */
  readonly protectedAddresses: readonly Address[]
}

/** One service address (or pod CIDR) on this node. */
export interface Announcement {
  /** Absent when the object has no address (`NoAddress`) or is none of ours (`NotOurClass`). */
  readonly prefix?: Prefix
  /** `Service shop/web`, `Node n1`. */
  readonly object: string
  readonly advertisement?: string
  /** Peers it goes to; empty when silent. */
  readonly peers: readonly string[]
  /** Enumerated and documented; absent when it is announced. */
  readonly silentBecause?: SilentReason
}

export type SilentReason =
  | 'NoAdvertisement'
  | 'ExternalIPNotAllowed'
  | 'NoMatchingPeer'
  | 'NoServingEndpoint'
  | 'NoLocalEndpoint'
  | 'NodeNotSelected'
  | 'NodeExcluded'
  | 'NodeNotReady'
  | 'NodeNetworkUnavailable'
  | 'NoAddress'
  | 'NotOurClass'

/** What is wrong with an object, where, and what was expected. */
export interface Problem {
  readonly kind: 'Invalid' | 'Pending'
  /** `BGPPeer tor-1`. */
  readonly object: string
  /** File it came from, when it came from one. */
  readonly file?: string
  /** `spec.peerASN`. */
  readonly path: string
  readonly message: string
}

/** The core ↔ control worker messages. */
export type ControlToCore =
  | { readonly type: 'Apply'; readonly desired: DesiredState }
  | { readonly type: 'Health'; readonly synced: boolean; readonly detail: string }
  | { readonly type: 'Fatal'; readonly exitCode: number; readonly message: string }

export type CoreToControl =
  | { readonly type: 'Status'; readonly status: NodeStatus }
  | {
      readonly type: 'LocalFacts'
      readonly localSubnets: readonly Prefix[]
      readonly localAddresses: readonly Address[]
      /** Name of a link → the link-local address of the router last heard on it. */
      readonly routers: ReadonlyMap<string, Address>
    }

/** What the core reports for `NodeRouting.status`. */
export interface NodeStatus {
  readonly sessions: readonly import('../bgp/contract.ts').PeerStatus[]
  readonly kernel?: {
    readonly wanted: number
    readonly installed: number
    readonly failed: number
    readonly refused: number
  }
  readonly ribRoutes: { readonly ipv4: number; readonly ipv6: number }
}
