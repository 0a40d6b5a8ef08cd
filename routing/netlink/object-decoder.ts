import type { GroupId, KernelNextHop } from '../fib/kernel-target.ts'
import { addressFromOctets } from '../ip/address.ts'
import { attributesOf } from './attributes.ts'
import { GROUP_MEMBER_OCTETS, OBJECT_OCTETS, ObjectAttribute } from './constants.ts'
import type { Message } from './message.ts'

/** A single next hop, a group, or something else that has a number. */
export interface NextHopObject {
  readonly id: number
  readonly protocol: number
  readonly nextHop?: KernelNextHop
  readonly members?: readonly { readonly id: GroupId; readonly weight: number }[]
}

/** RTM_NEWNEXTHOP and RTM_DELNEXTHOP; undefined when it has no number. */
export function decodeObject({ view, start, end }: Message): NextHopObject | undefined {
  if (end - start < OBJECT_OCTETS) return undefined
  const attributes = attributesOf(view, start + OBJECT_OCTETS, end)
  const id = wordOf(attributes.get(ObjectAttribute.Id))
  if (id === undefined) return undefined
  const protocol = view.getUint8(start + 2)
  const group = attributes.get(ObjectAttribute.Group)
  if (group !== undefined) return { id, protocol, members: membersOf(group) }
  const interfaceIndex = wordOf(attributes.get(ObjectAttribute.OutInterface))
  if (interfaceIndex === undefined) return { id, protocol }
  const gateway = attributes.get(ObjectAttribute.Gateway)
  const address = gateway === undefined ? undefined : addressFromOctets(gateway)
  return { id, protocol, nextHop: { interfaceIndex, weight: 1, ...(address !== undefined && { gateway: address }) } }
}

/** struct nexthop_grp: number, weight less one, reserved. */
function membersOf(octets: Uint8Array): { id: number; weight: number }[] {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  const members: { id: number; weight: number }[] = []
  for (let at = 0; at + GROUP_MEMBER_OCTETS <= octets.length; at += GROUP_MEMBER_OCTETS)
    members.push({ id: view.getUint32(at, true), weight: view.getUint8(at + 4) + 1 })
  return members
}

function wordOf(octets: Uint8Array | undefined): number | undefined {
  if (octets === undefined || octets.length < 4) return undefined
  return new DataView(octets.buffer, octets.byteOffset, octets.length).getUint32(0, true)
}
