import type { BGPAdvertisement } from '../kinds/bgp-advertisement.ts'
import { communityNames, resolveCommunities } from './communities.ts'
import type { Advertisement } from './offer.ts'
import { anySelects, selects } from './selectors.ts'
import type { Session } from './session.ts'
import type { Context } from './viewpoint.ts'

/** The BGPAdvertisements in force, the oldest first. What they name and is not there is reported. */
export function advertisementsInForce(context: Context, sessions: readonly Session[]): Advertisement[] {
  const names = communityNames(context.config)
  // A reflector has no pods and serves nothing: only what is written out can be its own.
  const concerning = context.cluster.advertisements.filter(
    ({ spec }) => context.self.role === 'agent' || spec.type === 'Prefix',
  )
  return concerning.flatMap((object) => {
    const { name } = object.metadata
    const { communities, unknown } = resolveCommunities(object.spec.attributes.communities, names)
    for (const { index, name: community } of unknown) {
      const message = `no community or alias is named ${community}; nothing is announced under this advertisement`
      pending(context, object, `spec.attributes.communities[${index}]`, message)
    }
    reportMissing(context, object)
    // A route without the community that should keep it in its place could leak.
    if (unknown.length > 0) return []
    return {
      object,
      name,
      communities,
      selectsUs: anySelects(object.spec.nodeSelectors, context.self.node?.labels ?? {}),
      sessions: sessions.filter((session) => isTold(session, object, context)),
    }
  })
}

function isTold({ source }: Session, { spec }: BGPAdvertisement, { config }: Context): boolean {
  const selective = spec.peers.length > 0 || spec.peerSelector !== undefined
  if (source === undefined) return spec.type === 'Service' && config.spec.topology.advertiseServices && !selective
  if (spec.peers.length > 0) return spec.peers.includes(source.name)
  return selects(spec.peerSelector, source.labels)
}

function reportMissing(context: Context, object: BGPAdvertisement): void {
  const { cluster } = context
  const { peers, service } = object.spec
  for (const [i, name] of peers.entries()) {
    if (!cluster.peers.some((peer) => peer.metadata.name === name))
      pending(context, object, `spec.peers[${i}]`, `there is no BGPPeer ${name}`)
  }
  for (const [i, name] of (service?.pools ?? []).entries()) {
    if (!cluster.pools.some((pool) => pool.metadata.name === name))
      pending(context, object, `spec.service.pools[${i}]`, `there is no IPAddressPool ${name}`)
  }
}

function pending({ report }: Context, object: BGPAdvertisement, path: string, message: string): void {
  report({ kind: 'Pending', object: `BGPAdvertisement ${object.metadata.name}`, path, message })
}
