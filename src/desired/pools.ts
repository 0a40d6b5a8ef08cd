import { type Address, addressOctets, type Family, familyOf, parseAddress } from '../../routing/ip/address.ts'
import { contains, hostPrefix, type PrefixWords, parsePrefixWords, prefixWords } from '../../routing/ip/prefix.ts'
import type { IPAddressPool } from '../kinds/ip-address-pool.ts'
import { onceEach } from './once-each.ts'

/** Is the address one of the pool's? */
export function poolHolds(pool: IPAddressPool, address: Address): boolean {
  const words = prefixWords(hostPrefix(address))
  const octets = addressOctets(address)
  return rangesOf(pool).some((range) =>
    'prefix' in range
      ? contains(range.prefix, words)
      : range.family === words.family &&
        Buffer.compare(range.first, octets) <= 0 &&
        Buffer.compare(octets, range.last) <= 0,
  )
}

type Range =
  | { readonly prefix: PrefixWords }
  | { readonly family: Family; readonly first: Uint8Array; readonly last: Uint8Array }

const rangesOf = onceEach((pool: IPAddressPool): Range[] => pool.spec.addresses.flatMap((text) => rangeOf(text) ?? []))

/** A prefix, or two addresses joined by a hyphen; the form has been checked. */
function rangeOf(text: string): Range | undefined {
  const prefix = parsePrefixWords(text)
  if (prefix !== undefined) return { prefix }
  const [first, last] = text.split('-').map(parseAddress)
  if (first === undefined || last === undefined) return undefined
  return { family: familyOf(first), first: addressOctets(first), last: addressOctets(last) }
}
