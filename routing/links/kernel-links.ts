import type { Address } from '../ip/address.ts'
import type { Prefix } from '../ip/prefix.ts'

/** A network interface. */
export interface Link {
  readonly index: number
  readonly name: string
  /** Switched on, and with a carrier. */
  readonly up: boolean
  readonly loopback: boolean
  readonly addresses: readonly LinkAddress[]
  /** Link-local addresses of routers that have been heard on it (RFC 4861), the one last known to be there first. */
  readonly routers?: readonly Address[]
}

export interface LinkAddress {
  readonly address: Address
  /** What is reached over the link because of it. */
  readonly subnet?: Prefix
}

/** The kernel's interfaces, addresses and neighbours. */
export interface KernelLinks {
  /** From now on it is told when anything changes. */
  watch(watcher: LinkWatcher): void
  /** Reads all; one read at a time. */
  read(done: (links: readonly Link[] | Error) => void): void
  close(): void
}

export interface LinkWatcher {
  /**
   * Links, addresses or routers are not what they were. Of a link that went down or lost an address, `interfaceIndex` is given:
   * the kernel has dropped IPv4 routes over it without telling.
   */
  linksChanged(interfaceIndex?: number): void
  /** Changes have been lost. */
  linksOverflow(): void
}
