import type { Family } from '../../routing/ip/address.ts'
import type { FamilyName } from '../contract.ts'
import { Afi, Safi } from './iana.ts'

/** One row per address family (RFC 4760). */
export interface FamilyRow {
  readonly name: FamilyName
  readonly family: Family
  readonly afi: number
  readonly safi: number
  /** Octets of the whole address. */
  readonly octets: number
}

export const FAMILIES: readonly FamilyRow[] = [
  { name: 'ipv4-unicast', family: 4, afi: Afi.IPv4, safi: Safi.Unicast, octets: 4 },
  { name: 'ipv6-unicast', family: 6, afi: Afi.IPv6, safi: Safi.Unicast, octets: 16 },
]

export function familyByName(name: FamilyName): FamilyRow {
  return FAMILIES.find((row) => row.name === name)!
}

export function familyByCode(afi: number, safi: number): FamilyRow | undefined {
  return FAMILIES.find((row) => row.afi === afi && row.safi === safi)
}
