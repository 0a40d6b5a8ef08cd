import { type Capabilities, capabilityCodes } from '../wire/capabilities.ts'
import { type FamilyRow, familyByName } from '../wire/families.ts'
import { AS_TRANS, CapabilityCode, NotificationCode, OpenError } from '../wire/iana.ts'
import { type Notification, notification } from '../wire/notification.ts'
import type { Open } from '../wire/open.ts'
import { ROLES } from '../wire/roles.ts'
import type { Negotiated, SessionConfig } from './session.ts'

export type Outcome =
  | { readonly ok: true; readonly negotiated: Negotiated }
  | { readonly ok: false; readonly notification: Notification; readonly text: string }

/** Our OPEN × theirs (RFC 4271, section 6.2; RFC 6286; RFC 6793; RFC 5492). */
export function negotiate(config: SessionConfig, theirs: Open): Outcome {
  const type = theirs.asn === config.localAsn ? 'internal' : 'external'
  const fault =
    judgeAsn(config, theirs, type) ??
    judgeIdentifier(config, theirs, type) ??
    judgeHoldTime(theirs) ??
    judgeRole(config, theirs, type)
  if (fault !== undefined) return fault
  const families = commonFamilies(config, theirs)
  if (families.length === 0) return noCommonFamily(config)

  const { offers } = config
  const { capabilities: received } = theirs
  const holdSeconds = Math.min(config.holdSeconds, theirs.holdSeconds)
  return {
    ok: true,
    negotiated: {
      type,
      remoteAsn: theirs.asn,
      remoteBgpIdentifier: theirs.bgpIdentifier,
      families,
      holdSeconds,
      // RFC 4271, section 4.4: a third of the hold time is the reasonable maximum.
      keepaliveSeconds: Math.min(config.keepaliveSeconds, holdSeconds / 3),
      fourOctetAsn: offers.fourOctetAsn !== undefined && received.fourOctetAsn !== undefined,
      routeRefresh: offers.routeRefresh && received.routeRefresh,
      enhancedRouteRefresh: offers.enhancedRouteRefresh && received.enhancedRouteRefresh,
      extendedMessage: offers.extendedMessage && received.extendedMessage,
      extendedNextHop: Boolean(offers.extendedNextHop && received.extendedNextHop),
      addPath: {
        sent: families.filter((family) => canBoth(family, offers.addPath, received.addPath)),
        received: families.filter((family) => canBoth(family, received.addPath, offers.addPath)),
      },
      gracefulRestart: offers.gracefulRestart && received.gracefulRestart,
      notificationRestart: Boolean(offers.gracefulRestart?.notification && received.gracefulRestart?.notification),
      // RFC 9494, section 4.1: without graceful restart it means nothing.
      longLived: offers.gracefulRestart && received.gracefulRestart && offers.longLived && received.longLived,
      sent: { ...offers, codes: capabilityCodes(offers) },
      received,
    },
  }
}

function judgeAsn(config: SessionConfig, theirs: Open, type: 'internal' | 'external'): Outcome | undefined {
  const { remoteAsn } = config
  const wanted = typeof remoteAsn === 'number' ? theirs.asn === remoteAsn : type === remoteAsn
  if (wanted && theirs.asn !== 0 && theirs.asn !== AS_TRANS) return undefined
  return refuse(OpenError.BadPeerAs, `the peer is AS ${theirs.asn}, configured is ${remoteAsn}`)
}

/** One side sends what the other takes. */
function canBoth(family: FamilyRow, from: Capabilities['addPath'], to: Capabilities['addPath']): boolean {
  const of = (side: Capabilities['addPath']) => side?.find((entry) => entry.family === family)
  return Boolean(of(from)?.send && of(to)?.receive)
}

/** RFC 6286, section 2.2: not zero, and unique within the AS. */
function judgeIdentifier(config: SessionConfig, theirs: Open, type: 'internal' | 'external'): Outcome | undefined {
  const { bgpIdentifier } = theirs
  if (bgpIdentifier === '0.0.0.0') return refuse(OpenError.BadBgpIdentifier, 'the BGP identifier is zero')
  if (type === 'internal' && bgpIdentifier === config.bgpIdentifier) {
    return refuse(OpenError.BadBgpIdentifier, `the peer has our own BGP identifier ${bgpIdentifier}`)
  }
  return undefined
}

function judgeHoldTime({ holdSeconds }: Open): Outcome | undefined {
  if (holdSeconds !== 1 && holdSeconds !== 2) return undefined
  return refuse(OpenError.UnacceptableHoldTime, `hold time of ${holdSeconds} s`)
}

/** RFC 9234, section 4.2: between external peers roles must fit; that the peer tells none is no reason to refuse it. */
function judgeRole({ offers }: SessionConfig, theirs: Open, type: 'internal' | 'external'): Outcome | undefined {
  const { roles = [] } = theirs.capabilities
  if (type === 'internal' || roles.length === 0) return undefined
  const said = roles.map((role) => ROLES[role]?.name ?? `role ${role}`)
  if (roles.length > 1) return refuse(OpenError.RoleMismatch, `the peer says that it is ${said.join(' and ')}`)
  const ours = ROLES[offers.roles?.[0] ?? -1]
  if (ours === undefined || said[0] === ours.counterpart) return undefined
  return refuse(OpenError.RoleMismatch, `the peer is ${said[0]}, we are ${ours.name}: it should be ${ours.counterpart}`)
}

/** Families one side lacks stay off. An OPEN that names none means IPv4 unicast (RFC 4760, section 8). */
function commonFamilies(config: SessionConfig, theirs: Open): FamilyRow[] {
  const offered = config.offers.families ?? []
  const wanted = theirs.capabilities.families ?? [familyByName('ipv4-unicast')]
  return offered.filter((family) => wanted.includes(family))
}

function noCommonFamily(config: SessionConfig): Outcome {
  const data = (config.offers.families ?? []).flatMap(({ afi, safi }) => [
    CapabilityCode.MultiprotocolExtensions,
    4,
    afi >> 8,
    afi & 0xff,
    0,
    safi,
  ])
  return refuse(OpenError.UnsupportedCapability, 'no address family in common', data)
}

function refuse(subcode: number, text: string, data: readonly number[] = []): Outcome {
  return { ok: false, notification: notification(NotificationCode.Open, subcode, data), text }
}
