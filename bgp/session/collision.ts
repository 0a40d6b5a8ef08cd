import { type Address, addressWords } from '../../routing/ip/address.ts'

export interface Identity {
  readonly bgpIdentifier: Address
  readonly asn: number
}

/**
 * Which of two connections between the same peers survives (RFC 4271, section 6.8; RFC 6286, section 2.3): the one
 * opened by the side with the higher BGP identifier, or with the higher AS when identifiers are equal.
 */
export function survivor(local: Identity, remote: Identity): 'active' | 'passive' {
  const [ours = 0] = addressWords(local.bgpIdentifier)
  const [theirs = 0] = addressWords(remote.bgpIdentifier)
  if (ours !== theirs) return ours > theirs ? 'active' : 'passive'
  return local.asn > remote.asn ? 'active' : 'passive'
}
