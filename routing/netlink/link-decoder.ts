import { type Address, addressFromOctets, type Family, isLinkLocal } from '../ip/address.ts'
import { type Prefix, parsePrefix } from '../ip/prefix.ts'
import { attributesOf } from './attributes.ts'
import {
  ADDRESS_OCTETS,
  AddressAttribute,
  AddressFamily,
  AddressFlag,
  LINK_OCTETS,
  LinkAttribute,
  LinkFlag,
  NEIGHBOUR_IS_ROUTER,
  NEIGHBOUR_OCTETS,
  NeighbourAttribute,
} from './constants.ts'
import type { Message } from './message.ts'

export interface LinkMessage {
  readonly index: number
  readonly name: string
  /** Switched on; routes over it stand as long as it is. */
  readonly on: boolean
  /** On, and with a carrier. */
  readonly up: boolean
  readonly loopback: boolean
}

export interface AddressMessage {
  readonly interfaceIndex: number
  readonly address: Address
  readonly subnet?: Prefix
}

/** RTM_NEWLINK and RTM_DELLINK; `undefined` for news of a bridge about one of its ports. */
export function decodeLink({ view, start, end }: Message): LinkMessage | undefined {
  if (view.getUint8(start) !== 0) return undefined
  const flags = view.getUint32(start + 8, true)
  const name = attributesOf(view, start + LINK_OCTETS, end).get(LinkAttribute.Name)
  return {
    index: view.getInt32(start + 4, true),
    name: name === undefined ? '' : new TextDecoder().decode(name.subarray(0, name.length - 1)),
    on: (flags & LinkFlag.Up) !== 0,
    up: (flags & LinkFlag.Up) !== 0 && (flags & LinkFlag.Running) !== 0,
    loopback: (flags & LinkFlag.Loopback) !== 0,
  }
}

/** RTM_NEWADDR and RTM_DELADDR; `undefined` for what is no usable IP address. */
export function decodeAddress({ view, start, end }: Message): AddressMessage | undefined {
  const family = familyOf(view.getUint8(start))
  const found = attributesOf(view, start + ADDRESS_OCTETS, end)
  const far = found.get(AddressAttribute.Address)
  const own = found.get(AddressAttribute.Local) ?? far
  const flagOctets = found.get(AddressAttribute.Flags)
  const flags = flagOctets === undefined ? view.getUint8(start + 2) : uint32(flagOctets)
  if (family === undefined || own === undefined || far === undefined) return undefined
  if ((flags & AddressFlag.DuplicateFound) !== 0) return undefined

  // On a point-to-point link the subnet is the other side's.
  const subnet = parsePrefix(`${addressFromOctets(far)}/${view.getUint8(start + 1)}`)
  const hasRoute = (flags & AddressFlag.NoPrefixRoute) === 0
  return {
    interfaceIndex: view.getUint32(start + 4, true),
    address: addressFromOctets(own),
    ...(hasRoute && subnet !== undefined && { subnet }),
  }
}

export interface NeighbourMessage {
  readonly interfaceIndex: number
  readonly address: Address
  /** It has said so in an advertisement (RFC 4861, section 4.2). */
  readonly isRouter: boolean
  /** How long ago it was last known to be there, in ticks. */
  readonly confirmedTicks: number
}

/** RTM_NEWNEIGH and RTM_DELNEIGH of an IPv6 link-local neighbour; `undefined` for any other. */
export function decodeNeighbour({ view, start, end }: Message): NeighbourMessage | undefined {
  if (view.getUint8(start) !== AddressFamily[6]) return undefined
  const found = attributesOf(view, start + NEIGHBOUR_OCTETS, end)
  const destination = found.get(NeighbourAttribute.Destination)
  const cacheInfo = found.get(NeighbourAttribute.CacheInfo)
  if (destination === undefined || !isLinkLocal(addressFromOctets(destination))) return undefined
  return {
    interfaceIndex: view.getInt32(start + 4, true),
    address: addressFromOctets(destination),
    isRouter: (view.getUint8(start + 10) & NEIGHBOUR_IS_ROUTER) !== 0,
    confirmedTicks: cacheInfo === undefined ? 0 : uint32(cacheInfo),
  }
}

function familyOf(family: number): Family | undefined {
  if (family === AddressFamily[4]) return 4
  return family === AddressFamily[6] ? 6 : undefined
}

function uint32(octets: Uint8Array): number {
  return new DataView(octets.buffer, octets.byteOffset, octets.length).getUint32(0, true)
}
