import { updateFault } from './attributes/check.ts'
import { uint16At } from './attributes/codec.ts'
import { UpdateError } from './iana.ts'

/**
 * Where the parts of an UPDATE lie (RFC 4271, section 4.3):
 *
 *     withdrawn length 2 | withdrawn routes | attributes length 2 | attributes | NLRI
 */
export interface UpdateLayout {
  withdrawnStart: number
  withdrawnEnd: number
  attributesStart: number
  attributesEnd: number
  nlriEnd: number
}

export function newLayout(): UpdateLayout {
  return { withdrawnStart: 0, withdrawnEnd: 0, attributesStart: 0, attributesEnd: 0, nlriEnd: 0 }
}

/** Fills `layout` for the body in `octets[start..end)`; throws PeerFault 3/1 when the lengths do not fit. */
export function layUpdateOut(octets: Uint8Array, start: number, end: number, layout: UpdateLayout): void {
  layout.withdrawnStart = start + 2
  layout.withdrawnEnd = layout.withdrawnStart + uint16At(octets, start)
  layout.attributesStart = layout.withdrawnEnd + 2
  if (layout.attributesStart > end) {
    throw updateFault(UpdateError.MalformedAttributeList, 'the withdrawn routes run past the message')
  }
  layout.attributesEnd = layout.attributesStart + uint16At(octets, layout.withdrawnEnd)
  if (layout.attributesEnd > end) {
    throw updateFault(UpdateError.MalformedAttributeList, 'the attributes run past the message')
  }
  layout.nlriEnd = end
}
