import type { PeerConfig, SpeakerConfig } from './contract.ts'

/** A whole configuration from what must be said of a speaker: no peers, nothing originated, port 179 on all addresses. */
export function speakerConfig(
  given: Pick<SpeakerConfig, 'asn' | 'bgpIdentifier'> & Partial<SpeakerConfig>,
): SpeakerConfig {
  return {
    listen: { port: 179, addresses: [] },
    peers: [],
    listenRanges: [],
    originationSets: [],
    policies: [],
    maxPaths: 1,
    ...given,
  }
}

/** A whole peer from what must be said of one; its name is its address unless given. */
export function peerConfig(
  given: Pick<PeerConfig, 'remoteAddress' | 'remoteAsn' | 'localAsn'> & Partial<PeerConfig>,
): PeerConfig {
  return {
    name: given.remoteAddress,
    port: 179,
    passive: false,
    families: ['ipv4-unicast', 'ipv6-unicast'],
    timers: { holdSeconds: 90, keepaliveSeconds: 30, connectRetrySeconds: 5 },
    routeReflectorClient: false,
    nextHop: 'auto',
    allowOwnAsn: 0,
    extendedNextHop: true,
    ...given,
  }
}
