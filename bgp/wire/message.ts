import { Writer } from './cursor.ts'
import type { FamilyRow } from './families.ts'
import { HEADER_OCTETS } from './framer.ts'
import { MessageType } from './iana.ts'
import type { Notification } from './notification.ts'
import { encodeOpen, type Open } from './open.ts'

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
