/** Numbers of linux/netlink.h, linux/rtnetlink.h, linux/nexthop.h, linux/if_addr.h and linux/if.h. */

export const NETLINK_ROUTE = 0
export const HEADER_OCTETS = 16

export const MessageType = {
  Error: 2,
  Done: 3,
  NewLink: 16,
  DelLink: 17,
  GetLink: 18,
  NewAddress: 20,
  DelAddress: 21,
  GetAddress: 22,
  NewRoute: 24,
  DelRoute: 25,
  GetRoute: 26,
  NewNeighbour: 28,
  DelNeighbour: 29,
  GetNeighbour: 30,
  NewNextHop: 104,
  DelNextHop: 105,
  GetNextHop: 106,
} as const

export const Flag = {
  Request: 0x1,
  Multi: 0x2,
  Ack: 0x4,
  /** In a request for a change, and in the news of one. */
  Replace: 0x100,
  Exclusive: 0x200,
  Create: 0x400,
  Dump: 0x300,
} as const

export const Group = {
  Link: 1,
  Neighbour: 3,
  Ipv4Address: 5,
  Ipv4Route: 7,
  Ipv6Address: 9,
  Ipv6Route: 11,
  NextHop: 32,
} as const

export const AddressFamily = { 4: 2, 6: 10 } as const

/** struct rtmsg and its attributes. */
export const ROUTE_OCTETS = 12
export const RouteAttribute = {
  Destination: 1,
  OutInterface: 4,
  Gateway: 5,
  Priority: 6,
  Multipath: 9,
  CacheInfo: 12,
  Table: 15,
  Via: 18,
  Preference: 20,
  NextHopObject: 30,
} as const
export const RouteKind = { Unicast: 1, Local: 2, Broadcast: 3, Anycast: 4, Multicast: 5, Blackhole: 6 } as const
export const SCOPE_UNIVERSE = 0
/** In a deletion: whatever the scope. */
export const SCOPE_NOWHERE = 255
export const ROUTE_IS_CACHED = 0x200
/** struct rtnexthop. */
export const NEXT_HOP_OCTETS = 8

/** struct nhmsg and its attributes. */
export const OBJECT_OCTETS = 8
export const ObjectAttribute = { Id: 1, Group: 2, OutInterface: 5, Gateway: 6 } as const
/** struct nexthop_grp. */
export const GROUP_MEMBER_OCTETS = 8

/** struct ifinfomsg. */
export const LINK_OCTETS = 16
export const LinkAttribute = { Name: 3, ExtendedMask: 29 } as const
export const LinkFlag = { Up: 0x1, Loopback: 0x8, Running: 0x40 } as const
export const SKIP_STATISTICS = 8

/** struct ifaddrmsg. */
export const ADDRESS_OCTETS = 8
export const AddressAttribute = { Address: 1, Local: 2, Flags: 8 } as const
export const AddressFlag = { DuplicateFound: 0x8, NoPrefixRoute: 0x200 } as const

/** struct ndmsg. */
export const NEIGHBOUR_OCTETS = 12
export const NeighbourAttribute = { Destination: 1, CacheInfo: 3 } as const
export const NEIGHBOUR_IS_ROUTER = 0x80
