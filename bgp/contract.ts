import type { Address } from '../routing/ip/address.ts'
import type { Prefix } from '../routing/ip/prefix.ts'

export type { BestRoute, BestRouteFeed, NextHopPath, NextHopResolver } from './best-routes.ts'

/**
 * All that crosses into and out of a speaker. Plain data, structured-cloneable; the whole configuration is given each
 * time and the speaker works out the difference.
 */
export interface SpeakerConfig {
  readonly asn: number
  /** RFC 6286: four octets, written as an IPv4 address. */
  readonly bgpIdentifier: Address
  /** RFC 4456, section 7; absent: the BGP identifier. */
  readonly clusterId?: Address
  /** Absent: never listens. No addresses: all of both families. */
  readonly listen?: { readonly port: number; readonly addresses: readonly Address[] }
  readonly peers: readonly PeerConfig[]
  readonly listenRanges: readonly ListenRangeConfig[]
  readonly originationSets: readonly OriginationSet[]
  readonly policies: readonly Policy[]
  /** Most next hops of one route (ECMP); 1: only the best. */
  readonly maxPaths: number
  /** MED counts between paths of different neighbour ASes too. */
  readonly alwaysCompareMed?: boolean
  readonly gracefulRestart?: {
    readonly restartSeconds: number
    /** How long routes are kept after that as the last choice, ours by peers and theirs by us (RFC 9494). */
    readonly longLivedStaleSeconds?: number
    /** Such routes go to internal peers that do not know of them too (RFC 9494, section 4.6); absent: they do not. */
    readonly longLivedPartialDeployment?: boolean
    /** NOTIFICATIONs and silence are restarts too (RFC 8538), so the routes of a dead host stay as long; absent: true. */
    readonly notification?: boolean
  }
  /** Our addresses of each family, for next hops of the family that a session does not run over. */
  readonly nextHopSelf?: { readonly ipv4?: Address; readonly ipv6?: Address }
}

export type FamilyName = 'ipv4-unicast' | 'ipv6-unicast'

/** What we are to an external peer (RFC 9234, section 4). */
export type Role = 'provider' | 'customer' | 'peer' | 'route-server' | 'route-server-client'

/** What a configured peer and every peer of a listen range have in common. */
export interface PeerOptions {
  /** The peer's AS, or whether it must be our own (`internal`) or any other (`external`). */
  readonly remoteAsn: number | 'internal' | 'external'
  /** What we call ourselves in OPEN and AS_PATH on this session. */
  readonly localAsn: number
  readonly families: readonly FamilyName[]
  readonly timers: {
    readonly holdSeconds: number
    readonly keepaliveSeconds: number
    readonly connectRetrySeconds: number
  }
  /** TCP MD5 (RFC 2385). */
  readonly password?: string
  /** TTL of packets sent; absent: 1 to external peers, the system's default to internal ones. */
  readonly multihopTtl?: number
  /** GTSM (RFC 5082): the peer is at most this many hops away. */
  readonly ttlSecurityHops?: number
  readonly routeReflectorClient: boolean
  /** CLUSTER_ID of the cluster that these clients form; absent: the speaker's (RFC 4456, section 7). */
  readonly clusterId?: Address
  readonly nextHop: 'auto' | 'self' | 'keep'
  /** Of external peers; absent: none is offered and ONLY_TO_CUSTOMER passes untouched. */
  readonly role?: Role
  /** Own AS may stand this many times in a received AS_PATH. */
  readonly allowOwnAsn: number
  /** Offer IPv6 next hops for IPv4 routes (RFC 8950). */
  readonly extendedNextHop: boolean
  /** Several paths per prefix (RFC 7911): at most this many are sent, 1 being none but the best; absent: neither way. */
  readonly addPath?: { readonly send: number; readonly receive: boolean }
  /** Names of policies, in order; see `Policy`. Absent: internal peers accept and pass on everything, external ones nothing (RFC 8212). */
  readonly importPolicies?: readonly string[]
  readonly exportPolicies?: readonly string[]
  /** Name of the `OriginationSet` this peer is told; absent: none. */
  readonly originationSet?: string
  readonly maxPrefixes?: {
    readonly ipv4?: number
    readonly ipv6?: number
    readonly warnPercent: number
    readonly action: 'warn' | 'discard' | 'restart' | 'shutdown'
    readonly restartSeconds: number
  }
}

export interface PeerConfig extends PeerOptions {
  /** Unique and stable: what status, logs and commands call it. */
  readonly name: string
  readonly remoteAddress: Address
  /** The link it is on, where the address means something on one link only (unnumbered peers). */
  readonly interfaceName?: string
  readonly port: number
  readonly localAddress?: Address
  /** Never dials. */
  readonly passive: boolean
  /** Administratively down, with the text of RFC 9003. */
  readonly shutdown?: { readonly message: string }
  /** The session is held down for this reason, e.g. a Secret that is not there yet. */
  readonly heldDown?: string
}

/** Accepts sessions from any address in `range`. */
export interface ListenRangeConfig extends PeerOptions {
  readonly name: string
  readonly range: Prefix
  /** Most sessions at a time. */
  readonly limit: number
}

/** Routes the speaker itself originates towards the peers that name this set. */
export interface OriginationSet {
  readonly name: string
  readonly routes: readonly OriginatedRoute[]
}

export interface OriginatedRoute {
  readonly prefix: Prefix
  /** Why it exists, in words: "pod CIDR", "service shop/web". */
  readonly because: string
  readonly communities: readonly string[]
  readonly localPref?: number
  readonly med?: number
  /** Own AS this many times more. */
  readonly prepend?: number
}

/**
 * Ordered rules. The rules of all policies of a peer are tried in order; the first that matches and does not say
 * `continue` decides. When none does, the last policy's `defaultAction` decides.
 */
export interface Policy {
  readonly name: string
  readonly rules: readonly PolicyRule[]
  readonly defaultAction: 'accept' | 'reject'
}

export interface PolicyRule {
  readonly name: string
  readonly match: {
    readonly families?: readonly FamilyName[]
    readonly prefixes?: readonly { readonly prefix: Prefix; readonly minLength: number; readonly maxLength: number }[]
    readonly communities?: {
      readonly any?: readonly string[]
      readonly all?: readonly string[]
      readonly none?: readonly string[]
    }
    readonly asPath?: {
      readonly contains?: readonly number[]
      readonly originates?: readonly number[]
      readonly maxLength?: number
    }
    readonly nextHops?: readonly Prefix[]
    readonly source?: 'any' | 'local' | 'internal' | 'external'
  }
  readonly set: {
    readonly localPref?: number
    readonly med?: number
    readonly addCommunities?: readonly string[]
    readonly removeCommunities?: readonly string[]
    readonly prepend?: { readonly asn: number; readonly times: number }
    readonly nextHop?: 'self' | Address
    /** Metric of the kernel route made of it. */
    readonly kernelMetric?: number
  }
  readonly action: 'accept' | 'reject' | 'continue'
}

export type SessionState = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established'

export interface PeerStatus {
  readonly name: string
  /** Of a listen range: the range's name. */
  readonly range?: string
  readonly remoteAddress: Address
  readonly remoteAsn: number | 'internal' | 'external'
  readonly localAsn: number
  readonly localAddress?: Address
  readonly type: 'internal' | 'external' | 'unknown'
  readonly routeReflectorClient: boolean
  readonly state: SessionState
  /** Why it is not trying: shut down, held down, damped. */
  readonly idleReason?: string
  /** Milliseconds since the epoch of the last change of state. */
  readonly since: number
  readonly remoteBgpIdentifier?: Address
  readonly timers?: { readonly holdSeconds: number; readonly keepaliveSeconds: number }
  readonly capabilities?: { readonly sent: readonly string[]; readonly received: readonly string[] }
  readonly families: readonly PeerFamilyStatus[]
  readonly lastError?: SessionError
  /** Why the last attempt at a connection came to nothing; absent when one did not. */
  readonly lastAttempt?: SessionError
  readonly timesEstablished: number
  /** Those that ended a connection, but for collisions. */
  readonly notifications: readonly NotificationCount[]
  readonly messages: {
    readonly received: number
    readonly sent: number
    readonly updatesReceived: number
    readonly updatesSent: number
  }
  /** RFC 7606: what was discarded or withdrawn for an error, by the kind of error. */
  readonly discarded: readonly { readonly what: string; readonly count: number }[]
}

export interface PeerFamilyStatus {
  readonly family: FamilyName
  readonly received: number
  readonly accepted: number
  /** Announcements dropped for being over the limit; absent: none since all was told last. */
  readonly overLimit?: number
  readonly advertised: number
  readonly endOfRibReceived: boolean
}

/** NOTIFICATIONs of one kind. */
export interface NotificationCount {
  readonly direction: 'sent' | 'received'
  readonly code: number
  readonly subcode: number
  readonly count: number
}

/** How a session ended: by a NOTIFICATION we sent or got, or by the transport. */
export interface SessionError {
  readonly direction: 'sent' | 'received' | 'transport'
  readonly code?: number
  readonly subcode?: number
  /** In words, with the RFC section where there is one. */
  readonly text: string
  readonly at: number
}

export interface RouteQuery {
  readonly family?: FamilyName
  /** Exactly this prefix. */
  readonly prefix?: Prefix
  /** The longest match for this address. */
  readonly address?: Address
  readonly receivedFrom?: string
  readonly advertisedTo?: string
  /** All candidates, not only the best. */
  readonly allPaths?: boolean
  /** Where the last page ended. */
  readonly cursor?: string
  readonly limit?: number
}

export interface RoutePage {
  readonly routes: readonly RouteView[]
  readonly cursor?: string
}

export interface RouteView {
  readonly prefix: Prefix
  readonly family: FamilyName
  readonly best: boolean
  /** The rule that made the best one best, e.g. `local-preference`, `only-path`. */
  readonly decidedBy?: string
  /** Peer it came from; `local` for our own. */
  readonly from: string
  readonly nextHop?: Address
  readonly origin: 'igp' | 'egp' | 'incomplete'
  /** As written by routers: `65001 65002 {65003,65004}`. */
  readonly asPath: string
  readonly localPref?: number
  readonly med?: number
  readonly communities: readonly string[]
  readonly originatorId?: Address
  readonly clusterList: readonly Address[]
  readonly atomicAggregate: boolean
  readonly aggregator?: string
  /** AS of ONLY_TO_CUSTOMER (RFC 9234). */
  readonly onlyToCustomer?: number
  readonly unknownAttributes: readonly { readonly code: number; readonly hex: string }[]
  readonly stale: boolean
  /** Among the equal paths that go to the kernel together. */
  readonly multipath: boolean
  /** Its share of the traffic among those, where link bandwidths tell them apart. */
  readonly weight?: number
  /** Why it may not be used: rejected by policy, AS loop, next hop unresolvable. */
  readonly ineligible?: string
  /** Its path identifier (RFC 7911): the peer's; of a route advertised to a peer, ours. */
  readonly pathId?: number
  /** What a well-known community of the peer has done to it: GRACEFUL_SHUTDOWN, BLACKHOLE. */
  readonly effect?: string
  readonly because?: string
}

export type SpeakerEvent =
  | {
      readonly type: 'SessionChanged'
      readonly peer: string
      readonly from: SessionState
      readonly to: SessionState
      readonly because: string
    }
  | { readonly type: 'BestRoutesChanged' }
  | { readonly type: 'ListenFailed'; readonly port: number; readonly error: string }
