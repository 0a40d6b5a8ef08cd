import type { ListenRangeConfig, PeerConfig, SpeakerConfig } from '../../bgp/contract.ts'
import { familyOf } from '../../routing/ip/address.ts'
import type { Announcement, DesiredState, Problem } from '../contract.ts'
import { advertisementsInForce } from './advertisements.ts'
import { announcementsOf } from './announcements.ts'
import { kernelIntent } from './kernel-intent.ts'
import { podOffers, prefixOffers } from './node-offers.ts'
import { type Originations, originations } from './origination.ts'
import { peerObjectSessions } from './peer-objects.ts'
import { policies } from './policies.ts'
import { serviceOffers } from './service-offers.ts'
import type { Session } from './session.ts'
import type { ClusterSnapshot } from './snapshot.ts'
import { clusterId, topologySessions } from './topology.ts'
import { type Context, type Report, type Self, selfOf, type Viewpoint } from './viewpoint.ts'
import { withoutDoubles } from './without-doubles.ts'

/** What follows from all that is known of the cluster, for one agent or reflector; nothing before there is a RoutingConfig. */
export function desiredState(cluster: ClusterSnapshot, viewpoint: Viewpoint): DesiredState | undefined {
  const config = cluster.routingConfig
  if (config === undefined) return undefined
  const problems = new Map<string, Problem>()
  const report: Report = (problem) => problems.set(JSON.stringify(problem), problem)
  const context: Context = { cluster, config, self: selfOf(cluster, config, viewpoint, report), report }

  const usable = policies(context)
  const sessions = withoutDoubles(
    [...peerObjectSessions(context, new Set(usable.map(({ name }) => name))), ...topologySessions(context)],
    report,
  )
  const advertisements = advertisementsInForce(context, sessions)
  const found = [
    podOffers(context, sessions, advertisements),
    prefixOffers(advertisements),
    ...(viewpoint.role === 'agent' ? [serviceOffers(context, advertisements)] : []),
  ]
  const offers = found.flatMap((one) => one.offers)
  const announcements: Announcement[] = announcementsOf(
    offers,
    found.flatMap((one) => one.silences),
  )
  const kernel = kernelIntent(context, sessions, announcements, viewpoint)
  const origins = originations(context, sessions, advertisements, offers)
  return {
    speaker: { ...speakerConfig(context, sessions, origins), policies: usable },
    ...(kernel && { kernel }),
    announcements,
    problems: [...problems.values()],
  }
}

function speakerConfig(
  context: Context,
  sessions: readonly Session[],
  { sets, setOf }: Originations,
): Omit<SpeakerConfig, 'policies'> {
  const { config, self } = context
  const { listenPort, gracefulRestart, kernel } = config.spec
  const cluster = clusterId(context)
  const withSet = <T extends PeerConfig | ListenRangeConfig>(peer: T): T => {
    const originationSet = setOf.get(peer.name)
    return originationSet === undefined ? peer : { ...peer, originationSet }
  }
  return {
    asn: self.asn,
    bgpIdentifier: self.bgpIdentifier,
    ...(cluster !== undefined && { clusterId: cluster }),
    ...(listenPort !== 0 && { listen: { port: listenPort, addresses: [] } }),
    peers: sessions.flatMap((one) => (one.type === 'peer' ? [withSet(one.config)] : [])).toSorted(byName),
    listenRanges: sessions.flatMap((one) => (one.type === 'range' ? [withSet(one.config)] : [])).toSorted(byName),
    originationSets: sets,
    ...nextHopSelf(self),
    maxPaths: self.role === 'agent' ? kernel.maxPaths : 1,
    ...(gracefulRestart.enabled && {
      gracefulRestart: {
        restartSeconds: gracefulRestart.restartSeconds,
        longLivedStaleSeconds: gracefulRestart.longLivedStaleSeconds,
        longLivedPartialDeployment: gracefulRestart.longLivedPartialDeployment,
        // A node that loses its power must not keep its traffic for two minutes, unless routes are to live long anyway.
        notification: gracefulRestart.longLivedStaleSeconds > 0,
      },
    }),
  }
}

function nextHopSelf({ sessionAddresses }: Self): Pick<SpeakerConfig, 'nextHopSelf'> {
  const ipv4 = sessionAddresses.find((one) => familyOf(one) === 4)
  const ipv6 = sessionAddresses.find((one) => familyOf(one) === 6)
  return { nextHopSelf: { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) } }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}
