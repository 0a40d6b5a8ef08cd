import { type Address, addressOctets, familyOf, parseAddress } from '../../routing/ip/address.ts'
import { contains, hostPrefix, parsePrefixWords, prefixWords } from '../../routing/ip/prefix.ts'
import type { IPAddressPool } from '../kinds/ip-address-pool.ts'

/** Is the address one of the pool's? */
export function poolHolds(pool: IPAddressPool, address: Address): boolean {
  return pool.spec.addresses.some((range) => rangeHolds(range, address))
}

/** `range` is a prefix, or two addresses joined by a hyphen; its form has been checked. */
function rangeHolds(range: string, address: Address): boolean {
  const words = parsePrefixWords(range)
  if (words !== undefined) return contains(words, prefixWords(hostPrefix(address)))
  const [first, last] = range.split('-').map(parseAddress)
  if (first === undefined || last === undefined || familyOf(first) !== familyOf(address)) return false
  return compare(first, address) <= 0 && compare(address, last) <= 0
}

function compare(a: Address, b: Address): number {
  return Buffer.compare(addressOctets(a), addressOctets(b))
}
