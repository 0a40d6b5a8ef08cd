import type { Address } from '../../routing/ip/address.ts'
import type { Capabilities, GracefulRestartCapability, LongLivedCapability } from '../wire/capabilities.ts'
import type { FamilyRow } from '../wire/families.ts'
import type { Message } from '../wire/message.ts'
import type { Notification } from '../wire/notification.ts'
import type { Open } from '../wire/open.ts'

/** What one connection's machine needs to know of the peer. */
export interface SessionConfig {
  readonly localAsn: number
  readonly remoteAsn: number | 'internal' | 'external'
  readonly bgpIdentifier: Address
  readonly holdSeconds: number
  readonly keepaliveSeconds: number
  readonly connectRetrySeconds: number
  readonly passive: boolean
  readonly offers: Omit<Capabilities, 'codes'>
}

/** What both OPENs agree on; exists from OpenConfirm on. */
export interface Negotiated {
  readonly type: 'internal' | 'external'
  readonly remoteAsn: number
  readonly remoteBgpIdentifier: Address
  readonly families: readonly FamilyRow[]
  /** 0: no hold time, no keepalives. */
  readonly holdSeconds: number
  readonly keepaliveSeconds: number
  readonly fourOctetAsn: boolean
  readonly routeRefresh: boolean
  /** Refreshes have a beginning and an end (RFC 7313). */
  readonly enhancedRouteRefresh: boolean
  readonly extendedMessage: boolean
  /** IPv4 routes may have IPv6 next hops, both ways (RFC 8950). */
  readonly extendedNextHop: boolean
  /** Families with several paths per prefix, by who sends them (RFC 7911, section 4). */
  readonly addPath: { readonly sent: readonly FamilyRow[]; readonly received: readonly FamilyRow[] }
  /** What the peer said of its restarts; absent when either side does not take part. */
  readonly gracefulRestart: GracefulRestartCapability | undefined
  /** NOTIFICATIONs are restarts too, but for a Hard Reset (RFC 8538). */
  readonly notificationRestart: boolean
  /** What the peer said of its long-lived restarts (RFC 9494); absent as above. */
  readonly longLived: LongLivedCapability | undefined
  readonly sent: Capabilities
  readonly received: Capabilities
}

/** The six states of RFC 4271, section 8.2.2; what exists only in some is in those. */
export type Session =
  | { readonly state: 'Idle' | 'Connect' | 'Active' | 'OpenSent'; readonly config: SessionConfig }
  | {
      readonly state: 'OpenConfirm' | 'Established'
      readonly config: SessionConfig
      readonly negotiated: Negotiated
    }

export type Idle = Extract<Session, { state: 'Idle' }> & { readonly state: 'Idle' }
export type Negotiating = Extract<Session, { readonly negotiated: Negotiated }>

export type Timer = 'ConnectRetry' | 'Hold' | 'Keepalive'

/** Events of RFC 4271, section 8.1, folded to what this machine tells apart; the numbers are the RFC's. */
export type SessionEvent =
  /** 1, 3 to 7 */
  | { readonly type: 'Start' }
  /** 2, 8; no notification: the connection is dropped without one (graceful restart) */
  | { readonly type: 'Stop'; readonly notification: Notification | undefined }
  /** 16, 17 */
  | { readonly type: 'ConnectionOpened' }
  /** 18 */
  | { readonly type: 'ConnectionFailed'; readonly error: string }
  /** 9, 10, 11 */
  | { readonly type: 'TimerExpired'; readonly timer: Timer }
  /** 19, 24 to 26 */
  | { readonly type: 'MessageReceived'; readonly message: Message }
  /** 27; only its arrival walks the machine */
  | { readonly type: 'UpdateReceived' }
  /** 21, 22, 28 */
  | { readonly type: 'FaultFound'; readonly notification: Notification; readonly text: string }

export type SessionAction =
  | { readonly type: 'Dial' }
  | { readonly type: 'Send'; readonly message: Message }
  | { readonly type: 'Close' }
  | { readonly type: 'StartTimer'; readonly timer: Timer; readonly seconds: number }
  | { readonly type: 'StopTimers' }
  | { readonly type: 'Established'; readonly negotiated: Negotiated }
  | { readonly type: 'RefreshAsked'; readonly family: FamilyRow; readonly subtype: number }
  | { readonly type: 'Ended'; readonly ending: Ending }

/** How a session ended. */
export interface Ending {
  /** `none`: there was no connection yet, so nothing was said and nothing lost. */
  readonly direction: 'sent' | 'received' | 'transport' | 'none'
  readonly notification: Notification | undefined
  readonly text: string
}

export interface Step {
  readonly session: Session
  readonly actions: readonly SessionAction[]
}

export type OpenMessage = { readonly type: 'OPEN'; readonly open: Open }
