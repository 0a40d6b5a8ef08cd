import { type Address, addressOctets } from '../../routing/ip/address.ts'
import { OPTIONAL, TRANSITIVE, uint16At } from '../wire/attributes/codec.ts'
import type { FamilyRow } from '../wire/families.ts'
import { AttributeCode, AttributeFlag } from '../wire/iana.ts'
import type { RoleRow } from '../wire/roles.ts'
import {
  copyWhole,
  writeClusterList,
  writeOctets,
  writeOptional,
  writePath,
  writeShortAggregator,
  writeTransitive,
  writeWord,
} from './attribute-writers.ts'
import type { AttributesTable, SetId } from './attributes-table.ts'
import { SetFlag } from './fields.ts'

/** How routes look when they leave: everything on which the octets of an UPDATE depend besides the route itself. */
export interface ExportProfile {
  readonly external: boolean
  /** Of internal peers: a client of ours (RFC 4456). */
  readonly client: boolean
  readonly localAsn: number
  /** What we are to them (RFC 9234). */
  readonly role: RoleRow | undefined
  /** For what no client of a cluster has sent. */
  readonly clusterId: number
  /**
   * Long-lived stale routes go to those who know what they are (RFC 9494, section 4.3), and where partial deployment is
   * wanted to the other internal peers, made the last choice for them too (section 4.6).
   */
  readonly longLived: 'known' | 'made last' | 'withheld'
  readonly fourOctetAsn: boolean
  readonly nextHop: 'auto' | 'self' | 'keep'
  /** IPv4 routes may go out with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: boolean
  /** Our addresses on this session, where a next hop of our own is needed. */
  readonly self: {
    /** For IPv4 routes; of IPv6 where `extendedNextHop` allows it. */
    readonly ipv4: Address | undefined
    readonly ipv6: Address | undefined
  }
  readonly maxMessage: number
}

/** RFC 4456, section 6: what one internal peer said goes to all internal peers when either is a client. */
export function mayExport(flags: number, to: ExportProfile): boolean {
  if ((flags & SetFlag.NoAdvertise) !== 0) return false
  if ((flags & SetFlag.NoExport) !== 0 && to.external) return false
  if ((flags & SetFlag.LongLivedStale) !== 0 && to.longLived === 'withheld') return false
  if ((flags & SetFlag.OnlyToCustomer) !== 0 && to.role?.withholds) return false
  const fromInternal = (flags & (SetFlag.External | SetFlag.Local)) === 0
  if (to.external || !fromInternal) return true
  return to.client || (flags & SetFlag.Client) !== 0
}

/** Attributes that may have to be added, in the order of their codes. */
const Add = { NextHop: 1, LocalPref: 2, OriginatorId: 4, ClusterList: 8, OnlyToCustomer: 16 } as const

/**
 * Writes attribute sets as one profile's peers shall see them.
 *
 * To internal peers everything stays; reflected routes get ORIGINATOR_ID and CLUSTER_LIST (RFC 4456, section 8). To
 * external ones the own AS is put before AS_PATH and what is internal stays behind (RFC 4271, section 5.1).
 */
export class Exporter {
  readonly #sets: AttributesTable
  readonly #family: FamilyRow
  readonly #to: ExportProfile
  /** Own next hop as octets, where the profile may need it. */
  readonly #self: Uint8Array | undefined

  constructor(sets: AttributesTable, family: FamilyRow, to: ExportProfile) {
    this.#sets = sets
    this.#family = family
    this.#to = to
    const self = family.family === 4 ? to.self.ipv4 : to.self.ipv6
    this.#self = self && addressOctets(self)
  }

  /** The next hop to tell: octets of the address, or undefined when we have none to give. */
  nextHop(set: SetId): Uint8Array | undefined {
    const sets = this.#sets
    const kept = sets.nextHops.octetsOf(sets.nextHop[set]!)
    const given = kept !== undefined && this.#takes(kept) ? kept : undefined
    if (this.#to.nextHop === 'keep') return given ?? this.#self
    const own = this.#to.nextHop === 'self' || this.#to.external || (sets.flags[set]! & SetFlag.Local) !== 0
    return own ? (this.#self ?? given) : given
  }

  #takes({ length }: Uint8Array): boolean {
    return length === this.#family.octets || (this.#family.family === 4 && this.#to.extendedNextHop)
  }

  /** The next hop as NEXT_HOP says it; undefined when MP_REACH_NLRI does. */
  #classicNextHop(set: SetId): Uint8Array | undefined {
    const nextHop = this.nextHop(set)
    return nextHop?.length === 4 ? nextHop : undefined
  }

  /** All attributes but MP_REACH_NLRI; returns the end. Hot: once per attribute set and flush. */
  write(set: SetId, into: Uint8Array, at: number): number {
    const sets = this.#sets
    const to = this.#to
    const octets = sets.octetsOf(set)
    const start = sets.startOf(set)
    const end = start + sets.lengthOf(set)
    const reflect = !to.external && (sets.flags[set]! & (SetFlag.External | SetFlag.Local)) === 0
    let add = this.#family.family === 4 ? Add.NextHop : 0
    if (!to.external) add |= Add.LocalPref
    if (reflect) add |= Add.OriginatorId | Add.ClusterList
    if (to.role?.marksSent && (sets.flags[set]! & SetFlag.OnlyToCustomer) === 0) add |= Add.OnlyToCustomer

    let out = at
    for (let from = start; from < end; ) {
      const code = octets[from + 1]!
      const extended = (octets[from]! & AttributeFlag.ExtendedLength) !== 0
      const value = from + (extended ? 4 : 3)
      const next = value + (extended ? uint16At(octets, from + 2) : octets[from + 2]!)
      if (add !== 0) {
        out = this.#insertBefore(code, add, set, into, out)
        add &= stillToAdd(code)
      }
      out = this.#writeOne(set, octets, from, value, next, reflect, into, out)
      from = next
    }
    return add === 0 ? out : this.#insertBefore(256, add, set, into, out)
  }

  #insertBefore(code: number, add: number, set: SetId, into: Uint8Array, at: number): number {
    let out = at
    if (add & Add.NextHop && code > AttributeCode.NextHop) {
      const nextHop = this.#classicNextHop(set)
      if (nextHop !== undefined) out = writeOctets(TRANSITIVE, AttributeCode.NextHop, nextHop, into, out)
    }
    if (add & Add.LocalPref && code > AttributeCode.LocalPref) {
      out = writeWord(TRANSITIVE, AttributeCode.LocalPref, this.#sets.localPref[set]!, into, out)
    }
    if (add & Add.OriginatorId && code > AttributeCode.OriginatorId) {
      out = writeWord(OPTIONAL, AttributeCode.OriginatorId, this.#sets.originator[set]!, into, out)
    }
    if (add & Add.ClusterList && code > AttributeCode.ClusterList) {
      out = writeWord(OPTIONAL, AttributeCode.ClusterList, this.#clusterOf(set), into, out)
    }
    if (add & Add.OnlyToCustomer && code > AttributeCode.OnlyToCustomer) {
      out = writeWord(OPTIONAL | TRANSITIVE, AttributeCode.OnlyToCustomer, this.#to.localAsn, into, out)
    }
    return out
  }

  /** The cluster it comes from, else the one it goes to. */
  #clusterOf(set: SetId): number {
    return this.#sets.clusterOf(this.#sets.source[set]!) || this.#to.clusterId
  }

  #writeOne(
    set: SetId,
    octets: Uint8Array,
    from: number,
    value: number,
    next: number,
    reflect: boolean,
    into: Uint8Array,
    at: number,
  ): number {
    const to = this.#to
    switch (octets[from + 1]) {
      case AttributeCode.NextHop: {
        const nextHop = this.#classicNextHop(set)
        return nextHop === undefined ? at : writeOctets(TRANSITIVE, AttributeCode.NextHop, nextHop, into, at)
      }
      case AttributeCode.MpReach:
        return at
      case AttributeCode.AsPath:
        return writePath(octets, from, value, next, to, into, at)
      case AttributeCode.Med:
        // RFC 4271, section 5.1.4: what a neighbour AS sent goes no further than our own; our own MED does.
        return to.external && !ownChoice(this.#sets.flags[set]!) ? at : copyWhole(octets, from, next, into, at)
      case AttributeCode.ClusterList:
        if (to.external) return at
        return reflect
          ? writeClusterList(octets, value, next, this.#clusterOf(set), into, at)
          : copyWhole(octets, from, next, into, at)
      case AttributeCode.LocalPref:
      case AttributeCode.OriginatorId:
      case AttributeCode.Aigp:
        return to.external ? at : copyWhole(octets, from, next, into, at)
      case AttributeCode.ExtendedCommunities:
        return to.external && (this.#sets.flags[set]! & SetFlag.Local) === 0
          ? writeTransitive(octets, from, value, next, into, at)
          : writeOptional(octets, from, next, into, at)
      case AttributeCode.Aggregator:
        return to.fourOctetAsn
          ? writeOptional(octets, from, next, into, at)
          : writeShortAggregator(octets, value, into, at)
      case AttributeCode.AtomicAggregate:
      case AttributeCode.Origin:
        return copyWhole(octets, from, next, into, at)
      default:
        return writeOptional(octets, from, next, into, at)
    }
  }
}

/** The additions that come after an attribute with this code; those at or before it have been dealt with. */
function stillToAdd(code: number): number {
  if (code >= AttributeCode.OnlyToCustomer) return 0
  if (code >= AttributeCode.ClusterList) return Add.OnlyToCustomer
  if (code >= AttributeCode.OriginatorId) return Add.ClusterList | Add.OnlyToCustomer
  if (code >= AttributeCode.LocalPref) return Add.OriginatorId | Add.ClusterList | Add.OnlyToCustomer
  if (code >= AttributeCode.NextHop) return ~Add.NextHop
  return ~0
}

function ownChoice(flags: number): boolean {
  return (flags & (SetFlag.Local | SetFlag.Derived)) !== 0
}
