import type { PeerStatus, RouteView } from '../../bgp/contract.ts'
import type { Address } from '../../routing/ip/address.ts'
import type { Prefix } from '../../routing/ip/prefix.ts'
import type { Announcement, Problem } from '../contract.ts'

/** Version of every document here. A field may be added; one that is taken away or changes its meaning needs a new version. */
export const API_VERSION = 'routelet.io/cli/v1'

/** Most items of one page. */
export const MAX_PAGE_ITEMS = 1000
/** Of a page when nothing is said: one takes the core some milliseconds. */
export const DEFAULT_PAGE_ITEMS = 250

export type Role = 'agent' | 'reflector'

/** `GET /v1/status` */
export interface StatusDocument {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'Status'
  readonly role: Role
  readonly node: string
  readonly version: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly uptimeSeconds: number
  readonly asn?: number
  readonly bgpIdentifier?: Address
  readonly listenPort?: number
  readonly ready: boolean
  /** What readiness waits for, in words; empty when ready. */
  readonly waitingFor: readonly string[]
  readonly configuration: {
    /** `files /etc/routelet` or `kubernetes`. */
    readonly source: string
    readonly synced: boolean
    readonly detail: string
    /** When the configuration in force was applied; absent: none yet. */
    readonly appliedAt?: string
    /** The configuration in force is the one kept from an earlier run. */
    readonly fromStateDir: boolean
    readonly workerRestarts: number
  }
  readonly sessions: {
    readonly configured: number
    readonly established: number
    /** Connections from addresses that no peer is configured for, since the start. */
    readonly refusedConnections: number
  }
  readonly ribRoutes: { readonly ipv4: number; readonly ipv6: number }
  readonly kernelRoutes?: {
    readonly wanted: number
    readonly installed: number
    /** On their way into the kernel. */
    readonly pending: number
    /** No next hop of theirs can be reached now. */
    readonly inactive: number
    /** The kernel refused them; they are tried again. */
    readonly failed: number
    /** Never given to the kernel: default routes that no policy names, own and local prefixes. */
    readonly refused: number
  }
  readonly announcements: readonly Announcement[]
  readonly problems: readonly Problem[]
}

/** `GET /v1/peers` */
export interface PeerListDocument {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'PeerList'
  readonly items: readonly PeerStatus[]
}

/** `GET /v1/routes` */
export interface RouteListDocument {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'RouteList'
  readonly items: readonly RouteView[]
  /** Give it back as `cursor` for the next page; absent: this was the last. */
  readonly cursor?: string
}

/** `GET /v1/routes?kernel=true` */
export interface KernelRouteListDocument {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'KernelRouteList'
  readonly items: readonly KernelRouteItem[]
  readonly cursor?: string
}

/** A route of ours in the kernel, or one that should be there. */
export interface KernelRouteItem {
  readonly prefix: Prefix
  readonly type: 'unicast' | 'blackhole'
  readonly nextHops: readonly { readonly address?: Address; readonly interfaceName?: string; readonly weight: number }[]
  readonly metric: number
  readonly state: 'installed' | 'pending' | 'failed' | 'refused'
  /** Why it is not installed. */
  readonly reason?: string
}

export interface ErrorDocument {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'Error'
  readonly code: ErrorCode
  readonly message: string
}

export type ErrorCode = 'NotFound' | 'BadRequest' | 'MethodNotAllowed' | 'UnknownPeer' | 'NoKernel' | 'InternalError'

export type Document = StatusDocument | PeerListDocument | RouteListDocument | KernelRouteListDocument | ErrorDocument
