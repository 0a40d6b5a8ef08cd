import type { PeerConfig, SpeakerConfig } from '../contract.ts'
import type { DialRequest } from '../ports.ts'
import type { SessionConfig } from '../session/session.ts'
import { type FamilyRow, familyByName } from '../wire/families.ts'
import { ROLES } from '../wire/roles.ts'

/**
 * What a session is opened with. `restarting`: our OPEN says that we come back; `forwardingKept`: and that what the peer
 * sent us before was forwarded to all the time (RFC 4724, section 3).
 */
export function sessionConfig(
  speaker: SpeakerConfig,
  config: PeerConfig,
  { restarting, forwardingKept }: { readonly restarting: boolean; readonly forwardingKept: boolean },
): SessionConfig {
  const families = config.families.map(familyByName)
  const { gracefulRestart } = speaker
  const longLivedStaleSeconds = gracefulRestart?.longLivedStaleSeconds
  return {
    localAsn: config.localAsn,
    remoteAsn: config.remoteAsn,
    bgpIdentifier: speaker.bgpIdentifier,
    holdSeconds: config.timers.holdSeconds,
    keepaliveSeconds: config.timers.keepaliveSeconds,
    connectRetrySeconds: config.timers.connectRetrySeconds,
    passive: config.passive,
    offers: {
      families,
      routeRefresh: true,
      enhancedRouteRefresh: true,
      extendedMessage: true,
      ...(config.extendedNextHop && config.families.includes('ipv4-unicast') && { extendedNextHop: true }),
      ...addPathOffer(config, families),
      fourOctetAsn: config.localAsn,
      ...(config.role && !isInternal(config) && { roles: [ROLES.findIndex(({ name }) => name === config.role)] }),
      ...(gracefulRestart && {
        gracefulRestart: {
          restarting,
          notification: gracefulRestart.notification ?? true,
          restartSeconds: gracefulRestart.restartSeconds,
          families: families.map((family) => ({ family, forwardingKept })),
        },
        longLived: {
          families: longLivedStaleSeconds
            ? families.map((family) => ({ family, forwardingKept, staleSeconds: longLivedStaleSeconds }))
            : [],
        },
      }),
    },
  }
}

function addPathOffer({ addPath }: PeerConfig, families: readonly FamilyRow[]) {
  if (addPath === undefined) return {}
  return { addPath: families.map((family) => ({ family, receive: addPath.receive, send: addPath.send > 1 })) }
}

export function dialRequest(config: PeerConfig): DialRequest {
  const { remoteAddress, port, localAddress, password, interfaceName } = config
  return {
    remoteAddress,
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(password === undefined ? {} : { password }),
    ...(interfaceName === undefined ? {} : { interfaceName }),
    ...ttlOptions(config),
  }
}

/** RFC 4271 speaks to external peers one hop away; GTSM sends with 255 and accepts nothing that came farther (RFC 5082). */
export function ttlOptions(config: PeerConfig): { ttl?: number; minimumTtl?: number } {
  if (config.ttlSecurityHops !== undefined) return { ttl: 255, minimumTtl: 256 - config.ttlSecurityHops }
  if (config.multihopTtl !== undefined) return { ttl: config.multihopTtl }
  return isInternal(config) ? {} : { ttl: 1 }
}

function isInternal({ remoteAsn, localAsn }: PeerConfig): boolean {
  return remoteAsn === 'internal' || remoteAsn === localAsn
}

/** What cannot be changed on a running session. A password can, but not whether there is one. */
export function sessionKey(config: PeerConfig): string {
  const { remoteAddress, port, localAddress, remoteAsn, localAsn, families, timers, password, passive } = config
  const { multihopTtl, ttlSecurityHops, routeReflectorClient, clusterId, allowOwnAsn, role } = config
  const { shutdown, heldDown, extendedNextHop, interfaceName, addPath } = config
  return JSON.stringify([
    [remoteAddress, port, localAddress, remoteAsn, localAsn, families, timers, password !== undefined, passive],
    [multihopTtl, ttlSecurityHops, routeReflectorClient, clusterId, allowOwnAsn, role, shutdown, heldDown],
    [extendedNextHop, interfaceName, (addPath?.send ?? 1) > 1, addPath?.receive ?? false],
  ])
}
