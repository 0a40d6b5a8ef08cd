import { type Address, addressFromOctets, addressOctets } from '../../routing/ip/address.ts'
import { type Capabilities, decodeCapabilities, encodeCapabilities, noCapabilities } from './capabilities.ts'
import { Malformed, Reader, Writer } from './cursor.ts'
import { PeerFault } from './faults.ts'
import { AS_TRANS, NotificationCode, OpenError } from './iana.ts'

/**
 * OPEN (RFC 4271, section 4.2).
 *
 *     version 1 | my AS 2 | hold time 2 | identifier 4 | parameters length 1 | parameters
 */
export interface Open {
  /** The AS of capability 65 where there is one, else of the fixed field. */
  readonly asn: number
  readonly holdSeconds: number
  readonly bgpIdentifier: Address
  readonly capabilities: Capabilities
}

const VERSION = 4
const PARAMETER_CAPABILITIES = 2
/** RFC 9072: length and first type 255 announce 16-bit parameter lengths. */
const EXTENDED = 255

/** Throws PeerFault (code 2) for what can be judged without knowing who the peer should be. */
export function decodeOpen(octets: Uint8Array): Open {
  try {
    const reader = new Reader(octets)
    const version = reader.uint8()
    if (version !== VERSION) throw openFault(OpenError.UnsupportedVersion, `BGP version ${version}`, [0, VERSION])
    const shortAsn = reader.uint16()
    const holdSeconds = reader.uint16()
    const bgpIdentifier = addressFromOctets(reader.take(4))
    const capabilities = decodeParameters(reader)
    // RFC 7607: AS 0 is an error in either place.
    const asn = shortAsn === 0 ? 0 : (capabilities.fourOctetAsn ?? shortAsn)
    return { asn, holdSeconds, bgpIdentifier, capabilities }
  } catch (error) {
    if (error instanceof Malformed) throw openFault(OpenError.Unspecific, error.message)
    throw error
  }
}

/** The body, without the header. */
export function encodeOpen(open: Open): Uint8Array {
  const capabilities = new Writer()
  encodeCapabilities(open.capabilities, capabilities)
  const octets = new Writer()
    .uint8(VERSION)
    .uint16(open.asn > 0xffff ? AS_TRANS : open.asn)
    .uint16(open.holdSeconds)
    .octets(addressOctets(open.bgpIdentifier))
  const { length } = capabilities
  if (length > 253) {
    octets
      .uint8(EXTENDED)
      .uint8(EXTENDED)
      .uint16(length + 3)
      .uint8(PARAMETER_CAPABILITIES)
      .uint16(length)
  } else if (length > 0) {
    octets
      .uint8(length + 2)
      .uint8(PARAMETER_CAPABILITIES)
      .uint8(length)
  } else {
    octets.uint8(0)
  }
  return octets.octets(capabilities.finish()).finish()
}

function decodeParameters(reader: Reader): Capabilities {
  const capabilities = noCapabilities()
  let total = reader.uint8()
  let extended = false
  if (total === EXTENDED && reader.remaining > 0) {
    const rest = reader.slice(reader.remaining)
    const firstType = rest.uint8()
    extended = firstType === EXTENDED
    if (extended) total = rest.uint16()
    else if (rest.remaining + 1 !== total) throw new Malformed('the parameters do not fill their length')
    return decodeParameterList(extended ? rest : reprefixed(firstType, rest), total, extended, capabilities)
  }
  return decodeParameterList(reader, total, extended, capabilities)
}

function decodeParameterList(
  reader: Reader,
  total: number,
  extended: boolean,
  capabilities: ReturnType<typeof noCapabilities>,
): Capabilities {
  if (reader.remaining !== total) throw new Malformed(`parameters of ${total} octets, ${reader.remaining} there`)
  while (reader.remaining > 0) {
    const type = reader.uint8()
    const value = reader.slice(extended ? reader.uint16() : reader.uint8())
    if (type !== PARAMETER_CAPABILITIES) {
      throw openFault(OpenError.UnsupportedOptionalParameter, `optional parameter ${type}`)
    }
    decodeCapabilities(value, capabilities)
  }
  return capabilities
}

/** Puts back the octet that was looked at. */
function reprefixed(first: number, rest: Reader): Reader {
  return new Reader(Uint8Array.from([first, ...rest.take(rest.remaining)]))
}

function openFault(subcode: number, message: string, data: readonly number[] = []): PeerFault {
  return new PeerFault(NotificationCode.Open, subcode, message, data)
}
