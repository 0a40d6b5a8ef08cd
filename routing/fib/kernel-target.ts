import type { Address } from '../ip/address.ts'

/** `other`: something we never make, so never what is wanted. */
export type RouteType = 'unicast' | 'blackhole' | 'other'

/** The kernel's number of a next-hop group. */
export type GroupId = number

/** Where a kernel route leads, shared by all routes that lead there. */
export interface KernelTarget {
  readonly type: RouteType
  readonly metric: number
  readonly nextHops: readonly KernelNextHop[]
  /** What its routes name in the kernel instead of the next hops. */
  readonly group?: GroupId
}

export interface KernelNextHop {
  /** Absent: the link itself is the next hop. */
  readonly gateway?: Address
  readonly interfaceIndex: number
  /** 1 to 256. */
  readonly weight: number
}
