import type { Address } from '../routing/ip/address.ts'

/** Where a peer is: the same for a configured peer and for a connection from it. */
export function placeOf(at: { readonly remoteAddress: Address; readonly interfaceName?: string | undefined }): string {
  return at.interfaceName === undefined ? at.remoteAddress : `${at.remoteAddress}%${at.interfaceName}`
}
