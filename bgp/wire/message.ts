import { Writer } from './cursor.ts'
import { type FamilyRow, familyByCode } from './families.ts'
import { PeerFault } from './faults.ts'
import { HEADER_OCTETS } from './framer.ts'
import { MessageType, NotificationCode, RefreshError } from './iana.ts'
import type { Notification } from './notification.ts'
import { decodeOpen, encodeOpen, type Open } from './open.ts'

/** What a session sends and hears besides UPDATEs, which go by octets. */
export type Message =
  | { readonly type: 'OPEN'; readonly open: Open }
  | { readonly type: 'KEEPALIVE' }
  | { readonly type: 'NOTIFICATION'; readonly notification: Notification }
  | { readonly type: 'ROUTE-REFRESH'; readonly family: FamilyRow; readonly subtype: number }

/** Header and body, ready to send. */
export function encodeMessage(message: Message): Uint8Array {
  switch (message.type) {
    case 'OPEN':
      return framed(MessageType.Open, encodeOpen(message.open))
    case 'KEEPALIVE':
      return framed(MessageType.Keepalive, new Uint8Array(0))
    case 'NOTIFICATION': {
      const { code, subcode, data } = message.notification
      return framed(MessageType.Notification, new Writer().uint8(code).uint8(subcode).octets(data).finish())
    }
    case 'ROUTE-REFRESH': {
      const { afi, safi } = message.family
      return framed(MessageType.RouteRefresh, new Writer().uint16(afi).uint8(message.subtype).uint8(safi).finish())
    }
  }
}

/** Everything but UPDATE, a whole message with its header → what it says; undefined for what is to be ignored. Throws PeerFault. */
export function decodeControl(type: number, message: Uint8Array): Message | undefined {
  const octets = message.subarray(HEADER_OCTETS)
  switch (type) {
    case MessageType.Open:
      return { type: 'OPEN', open: decodeOpen(octets) }
    case MessageType.Notification:
      return { type: 'NOTIFICATION', notification: decodeNotification(octets) }
    case MessageType.Keepalive:
      return { type: 'KEEPALIVE' }
    default:
      return decodeRefresh(message, octets)
  }
}

/** ROUTE-REFRESH (RFC 2918, RFC 7313, section 5): families and subtypes that we do not know are ignored. */
function decodeRefresh(message: Uint8Array, octets: Uint8Array): Message | undefined {
  const subtype = octets[2] ?? 0
  if (subtype > 2) return undefined
  if (octets.length !== 4) {
    const text = `ROUTE-REFRESH of ${octets.length} octets instead of 4`
    throw new PeerFault(NotificationCode.RouteRefresh, RefreshError.InvalidLength, text, [...message])
  }
  const family = familyByCode((octets[0]! << 8) | octets[1]!, octets[3]!)
  return family ? { type: 'ROUTE-REFRESH', family, subtype } : undefined
}

/** NOTIFICATION body → value; its own errors are never answered (RFC 4271, section 6.4). */
export function decodeNotification(octets: Uint8Array): Notification {
  return { code: octets[0] ?? 0, subcode: octets[1] ?? 0, data: octets.slice(2) }
}

/** Puts a header before a body (RFC 4271, section 4.1). */
export function framed(type: number, body: Uint8Array): Uint8Array {
  const octets = new Uint8Array(HEADER_OCTETS + body.length)
  writeHeader(octets, 0, octets.length, type)
  octets.set(body, HEADER_OCTETS)
  return octets
}

export function writeHeader(into: Uint8Array, at: number, length: number, type: number): void {
  into.fill(0xff, at, at + 16)
  into[at + 16] = length >> 8
  into[at + 17] = length & 0xff
  into[at + 18] = type
}
