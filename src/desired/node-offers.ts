import { type Prefix, prefix, prefixWords } from '../../routing/ip/prefix.ts'
import type { Advertisement, Offer, Offers, Silence } from './offer.ts'
import { FAMILY_NAME, type Session } from './session.ts'
import type { Context } from './viewpoint.ts'

/** The pod CIDRs of the node: to mesh and reflector sessions, and where an advertisement of type PodCIDR says. */
export function podOffers(
  context: Context,
  sessions: readonly Session[],
  advertisements: readonly Advertisement[],
): Offers {
  const { config, self } = context
  if (self.node === undefined) return { offers: [], silences: [] }
  const object = `Node ${self.name}`
  const topology = config.spec.podNetwork.advertise ? sessions.filter(({ source }) => source === undefined) : []
  const ofPods = advertisements.filter((one) => one.object.spec.type === 'PodCIDR')

  const offers: Offer[] = []
  const silences: Silence[] = []
  for (const pods of self.node.podPrefixes) {
    const offer = (to: readonly Session[], advertisement?: Advertisement): Offer => ({
      prefix: pods,
      object,
      because: 'pod CIDR',
      ...(advertisement && { advertisement }),
      sessions: carrying(pods, to),
    })
    const found = [
      offer(topology),
      ...ofPods.filter(({ selectsUs }) => selectsUs).map((one) => offer(one.sessions, one)),
    ].filter((one) => one.sessions.length > 0)
    offers.push(...found)
    if (found.length > 0) continue
    const named = ofPods.length > 0 || config.spec.podNetwork.advertise
    silences.push({ prefix: pods, object, reason: named ? 'NoMatchingPeer' : 'NoAdvertisement' })
  }
  return { offers, silences }
}

/** The prefixes that advertisements of type Prefix list, for nodes they select. */
export function prefixOffers(advertisements: readonly Advertisement[]): Offers {
  const offers: Offer[] = []
  const silences: Silence[] = []
  for (const advertisement of advertisements) {
    const { name, selectsUs, object } = advertisement
    if (object.spec.type !== 'Prefix') continue
    for (const listed of object.spec.prefixes.map(prefix)) {
      const title = `BGPAdvertisement ${name}`
      const sessions = carrying(listed, advertisement.sessions)
      const reason = selectsUs ? 'NoMatchingPeer' : 'NodeNotSelected'
      if (selectsUs && sessions.length > 0)
        offers.push({ prefix: listed, object: title, because: `advertisement ${name}`, advertisement, sessions })
      else silences.push({ prefix: listed, object: title, advertisement: name, reason })
    }
  }
  return { offers, silences }
}

function carrying(what: Prefix, sessions: readonly Session[]): Session[] {
  const family = FAMILY_NAME[prefixWords(what).family]
  return sessions.filter(({ config }) => config.families.includes(family))
}
