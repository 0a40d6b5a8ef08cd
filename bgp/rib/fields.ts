import { type Address, addressFromOctets, isLinkLocal } from '../../routing/ip/address.ts'
import { isHostAddress4 } from '../wire/attributes/basic.ts'
import { uint16At, uint32At } from '../wire/attributes/codec.ts'
import { isLinkBandwidth } from '../wire/attributes/link-bandwidth.ts'
import { usableNextHop } from '../wire/attributes/mp.ts'
import { AttributeCode, AttributeFlag, Origin, SegmentType } from '../wire/iana.ts'
import type { RoleRow } from '../wire/roles.ts'

/** Facts about an attribute set, one bit each. */
export const SetFlag = {
  HasMed: 1 << 0,
  External: 1 << 1,
  Local: 1 << 2,
  /** The next hop came in MP_REACH_NLRI. */
  MpNextHop: 1 << 3,
  OwnAsn: 1 << 4,
  OwnOriginator: 1 << 5,
  OwnCluster: 1 << 6,
  NoAdvertise: 1 << 7,
  NoExport: 1 << 8,
  /** Made from another set by a policy. */
  Derived: 1 << 9,
  /** From a route-reflector client. */
  Client: 1 << 10,
  /** Has ONLY_TO_CUSTOMER (RFC 9234). */
  OnlyToCustomer: 1 << 11,
  /** ONLY_TO_CUSTOMER where it must not be (RFC 9234, section 5). */
  Leak: 1 << 12,
  /** Of a peer that is long away: the last choice (RFC 9494). */
  LongLivedStale: 1 << 13,
  /** Asks for its traffic to be discarded (RFC 7999). */
  Blackhole: 1 << 14,
  /** Has a link bandwidth (draft-ietf-idr-link-bandwidth). */
  LinkBandwidth: 1 << 15,
  /** Is going soon (RFC 8326). */
  GracefulShutdown: 1 << 16,
} as const

/** The route has been here before (RFC 4271, 9.1.2; RFC 4456, 8). */
export const LOOP_FLAGS = SetFlag.OwnAsn | SetFlag.OwnOriginator | SetFlag.OwnCluster
/** Any of these keeps a set from being chosen (the same; RFC 9234, 5). */
export const UNUSABLE_FLAGS = LOOP_FLAGS | SetFlag.Leak

/** Community values that are acted on (RFC 1997). */
export const WellKnownCommunity = {
  GracefulShutdown: 0xffff0000,
  LlgrStale: 0xffff0006,
  Blackhole: 0xffff029a,
  NoExport: 0xffffff01,
  NoAdvertise: 0xffffff02,
  NoExportSubconfed: 0xffffff03,
} as const

/** What the decision needs of an attribute set; decoded once per distinct set. */
export interface SetFields {
  localPref: number
  /** AS_PATH length × 4 + ORIGIN: lower is better in that order. */
  lengthAndOrigin: number
  med: number
  neighbourAsn: number
  /** An IPv4 next hop as a word; 0: none, or one of IPv6. */
  nextHopWord: number
  nextHop: Address | undefined
  /** ORIGINATOR_ID, else the BGP identifier of the peer. */
  originator: number
  clusterListLength: number
  flags: number
}

/** Who a set came from, as far as its meaning depends on it. */
export interface SetSource {
  readonly slot: number
  readonly external: boolean
  readonly local: boolean
  readonly client: boolean
  readonly localAsn: number
  readonly allowOwnAsn: number
  readonly remoteAsn: number
  /** What we are to it (RFC 9234). */
  readonly role: RoleRow | undefined
  /** As 32-bit words. */
  readonly remoteIdentifier: number
  readonly localIdentifier: number
  /** Of a client: that of its cluster. */
  readonly clusterId: number
  /** All of ours: a route that has been through one of them has been here (RFC 4456, section 8). */
  readonly ownClusterIds: readonly number[]
  /** Link the session runs on, for link-local next hops. */
  readonly interfaceName: string | undefined
}

const DEFAULT_LOCAL_PREF = 100

export function newFields(): SetFields {
  return {
    localPref: DEFAULT_LOCAL_PREF,
    lengthAndOrigin: 0,
    med: 0,
    neighbourAsn: 0,
    nextHopWord: 0,
    nextHop: undefined,
    originator: 0,
    clusterListLength: 0,
    flags: 0,
  }
}

/** Decodes normalized attributes (see `normalizeAttributes`) that have passed the checks. */
export function decodeFields(octets: Uint8Array, start: number, end: number, source: SetSource, f: SetFields): void {
  f.localPref = DEFAULT_LOCAL_PREF
  f.lengthAndOrigin = Origin.Incomplete
  f.med = 0
  f.neighbourAsn = 0
  f.nextHopWord = 0
  f.nextHop = undefined
  f.originator = source.remoteIdentifier
  f.clusterListLength = 0
  f.flags =
    (source.external ? SetFlag.External : 0) | (source.local ? SetFlag.Local : 0) | (source.client ? SetFlag.Client : 0)

  for (let at = start; at < end; ) {
    const extended = (octets[at]! & AttributeFlag.ExtendedLength) !== 0
    const code = octets[at + 1]!
    const value = at + (extended ? 4 : 3)
    const next = value + (extended ? uint16At(octets, at + 2) : octets[at + 2]!)
    decodeField(code, octets, value, next, source, f)
    at = next
  }
}

function decodeField(
  code: number,
  octets: Uint8Array,
  start: number,
  end: number,
  source: SetSource,
  f: SetFields,
): void {
  switch (code) {
    case AttributeCode.Origin:
      f.lengthAndOrigin = (f.lengthAndOrigin & ~3) | octets[start]!
      return
    case AttributeCode.AsPath:
      return decodePath(octets, start, end, source, f)
    case AttributeCode.NextHop:
      if (isHostAddress4(octets, start)) f.nextHopWord = uint32At(octets, start)
      return
    case AttributeCode.Med:
      f.med = uint32At(octets, start)
      f.flags |= SetFlag.HasMed
      return
    case AttributeCode.LocalPref:
      f.localPref = uint32At(octets, start)
      return
    case AttributeCode.Communities:
      return decodeCommunities(octets, start, end, f)
    case AttributeCode.ExtendedCommunities:
      for (let at = start; at < end; at += 8) if (isLinkBandwidth(octets, at)) f.flags |= SetFlag.LinkBandwidth
      return
    case AttributeCode.OriginatorId:
      f.originator = uint32At(octets, start)
      if (f.originator === source.localIdentifier && !source.local) f.flags |= SetFlag.OwnOriginator
      return
    case AttributeCode.ClusterList:
      f.clusterListLength = (end - start) >> 2
      for (let at = start; at < end; at += 4) {
        if (source.ownClusterIds.includes(uint32At(octets, at))) f.flags |= SetFlag.OwnCluster
      }
      return
    case AttributeCode.MpReach:
      return decodeMpNextHop(octets, start, f)
    case AttributeCode.OnlyToCustomer: {
      const leaks = source.role?.leaks
      f.flags |= SetFlag.OnlyToCustomer
      if (leaks === 'all' || (leaks === 'of others' && uint32At(octets, start) !== source.remoteAsn)) {
        f.flags |= SetFlag.Leak
      }
    }
  }
}

function decodePath(octets: Uint8Array, start: number, end: number, source: SetSource, f: SetFields): void {
  let length = 0
  let own = 0
  for (let at = start; at < end; ) {
    const type = octets[at]!
    const count = octets[at + 1]!
    if (type === SegmentType.Sequence) length += count
    else if (type === SegmentType.Set) length += 1
    if (at === start && type === SegmentType.Sequence) f.neighbourAsn = uint32At(octets, at + 2)
    for (let i = 0; i < count; i++) if (uint32At(octets, at + 2 + 4 * i) === source.localAsn) own++
    at += 2 + 4 * count
  }
  f.lengthAndOrigin = length * 4 + (f.lengthAndOrigin & 3)
  if (own > source.allowOwnAsn && !source.local) f.flags |= SetFlag.OwnAsn
}

function decodeCommunities(octets: Uint8Array, start: number, end: number, f: SetFields): void {
  for (let at = start; at < end; at += 4) {
    if (octets[at] !== 0xff || octets[at + 1] !== 0xff) continue
    f.flags |= FLAG_OF_COMMUNITY.get(uint32At(octets, at)) ?? 0
  }
}

const FLAG_OF_COMMUNITY: ReadonlyMap<number, number> = new Map([
  [WellKnownCommunity.Blackhole, SetFlag.Blackhole],
  [WellKnownCommunity.GracefulShutdown, SetFlag.GracefulShutdown],
  [WellKnownCommunity.LlgrStale, SetFlag.LongLivedStale],
  [WellKnownCommunity.NoAdvertise, SetFlag.NoAdvertise],
  [WellKnownCommunity.NoExport, SetFlag.NoExport],
  [WellKnownCommunity.NoExportSubconfed, SetFlag.NoExport],
])

function decodeMpNextHop(octets: Uint8Array, start: number, f: SetFields): void {
  const length = octets[start + 3]!
  f.flags |= SetFlag.MpNextHop
  const at = usableNextHop(octets, start + 4, length)
  if (at < 0) return
  if (length === 4) f.nextHopWord = uint32At(octets, at)
  else f.nextHop = addressFromOctets(octets, at, 16)
}

/** Link-local next hops mean something on their link only. */
export function scopeOf(nextHop: Address, source: SetSource): string | undefined {
  return isLinkLocal(nextHop) ? source.interfaceName : undefined
}
