import type { PeerConfig, PeerStatus } from '../contract.ts'
import type { Negotiated } from '../session/session.ts'
import { describeCapabilities } from '../wire/capabilities.ts'
import type { Endings } from './endings.ts'
import type { Leg, MessageCounts } from './leg.ts'
import type { PeerRoutes } from './peer-routes.ts'

/** What a peer's status is made of. */
export interface StatusSources {
  readonly config: PeerConfig
  readonly range: string | undefined
  readonly state: PeerStatus['state']
  readonly since: number
  readonly idleReason: string | undefined
  readonly established: { readonly leg: Leg; readonly negotiated: Negotiated } | undefined
  readonly routes: PeerRoutes
  readonly endings: Endings
  readonly timesEstablished: number
  readonly messages: MessageCounts
}

export function peerStatus(sources: StatusSources): PeerStatus {
  const { config, range, state, idleReason, established, routes, endings } = sources
  const negotiated = established?.negotiated
  const localAddress = established?.leg.connection?.localAddress ?? config.localAddress
  return {
    name: config.name,
    ...(range === undefined ? {} : { range }),
    remoteAddress: config.remoteAddress,
    remoteAsn: negotiated?.remoteAsn ?? config.remoteAsn,
    localAsn: config.localAsn,
    ...(localAddress === undefined ? {} : { localAddress }),
    type: negotiated?.type ?? expectedType(config),
    routeReflectorClient: config.routeReflectorClient,
    state,
    ...(idleReason === undefined || state === 'Established' ? {} : { idleReason }),
    since: sources.since,
    ...(negotiated === undefined ? {} : negotiatedStatus(negotiated)),
    families: routes.status(),
    ...(endings.last === undefined ? {} : { lastError: endings.last }),
    ...(endings.lastAttempt === undefined ? {} : { lastAttempt: endings.lastAttempt }),
    timesEstablished: sources.timesEstablished,
    notifications: endings.notifications,
    messages: sources.messages,
    discarded: routes.discarded,
  }
}

function negotiatedStatus({ remoteBgpIdentifier, holdSeconds, keepaliveSeconds, sent, received }: Negotiated) {
  return {
    remoteBgpIdentifier,
    timers: { holdSeconds, keepaliveSeconds },
    capabilities: { sent: describeCapabilities(sent), received: describeCapabilities(received) },
  }
}

function expectedType({ remoteAsn, localAsn }: PeerConfig): PeerStatus['type'] {
  if (typeof remoteAsn !== 'number') return remoteAsn
  return remoteAsn === localAsn ? 'internal' : 'external'
}

export function addCounts(to: MessageCounts, more: MessageCounts): MessageCounts {
  return {
    received: to.received + more.received,
    sent: to.sent + more.sent,
    updatesReceived: to.updatesReceived + more.updatesReceived,
    updatesSent: to.updatesSent + more.updatesSent,
  }
}
