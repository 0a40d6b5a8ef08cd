import {
  Flag,
  HEADER_OCTETS,
  LINK_OCTETS,
  LinkAttribute,
  MessageType,
  OBJECT_OCTETS,
  ObjectAttribute,
  ROUTE_OCTETS,
  SKIP_STATISTICS,
} from './constants.ts'

/** Where struct nlmsghdr has its flags. */
const FLAGS_AT = 6

/** Asks for all routes or addresses of a family. */
export function dumpRequest(type: number, family: number, sequence: number): Uint8Array {
  return request(type, sequence, ROUTE_OCTETS, (view, at) => view.setUint8(at, family))
}

/** Asks for all next-hop objects. */
export function objectsRequest(sequence: number): Uint8Array {
  return request(MessageType.GetNextHop, sequence, OBJECT_OCTETS, () => undefined)
}

/** Asks for one next-hop object; there is an answer in any case. */
export function objectRequest(id: number, sequence: number): Uint8Array {
  const octets = request(MessageType.GetNextHop, sequence, OBJECT_OCTETS + 8, (view, at) => {
    view.setUint16(at + OBJECT_OCTETS, 8, true)
    view.setUint16(at + OBJECT_OCTETS + 2, ObjectAttribute.Id, true)
    view.setUint32(at + OBJECT_OCTETS + 4, id, true)
  })
  new DataView(octets.buffer).setUint16(FLAGS_AT, Flag.Request | Flag.Ack, true)
  return octets
}

/** Asks for all links, without the counters that make up most of each. */
export function linksRequest(type: number, sequence: number): Uint8Array {
  return request(type, sequence, LINK_OCTETS + 8, (view, at) => {
    view.setUint16(at + LINK_OCTETS, 8, true)
    view.setUint16(at + LINK_OCTETS + 2, LinkAttribute.ExtendedMask, true)
    view.setUint32(at + LINK_OCTETS + 4, SKIP_STATISTICS, true)
  })
}

function request(
  type: number,
  sequence: number,
  payload: number,
  fill: (view: DataView, at: number) => void,
): Uint8Array {
  const octets = new Uint8Array(HEADER_OCTETS + payload)
  const view = new DataView(octets.buffer)
  view.setUint32(0, octets.length, true)
  view.setUint16(4, type, true)
  view.setUint16(FLAGS_AT, Flag.Request | Flag.Dump, true)
  view.setUint32(8, sequence, true)
  fill(view, HEADER_OCTETS)
  return octets
}
