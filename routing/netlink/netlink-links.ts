import type { KernelLinks, Link, LinkWatcher } from '../links/kernel-links.ts'
import { AddressFamily, Group, MessageType } from './constants.ts'
import { KernelError } from './errors.ts'
import {
  type AddressMessage,
  decodeAddress,
  decodeLink,
  decodeNeighbour,
  type LinkMessage,
  type NeighbourMessage,
} from './link-decoder.ts'
import type { Message } from './message.ts'
import { dumpRequest, linksRequest } from './requests.ts'
import { NetlinkSocket, type SocketPorts } from './socket.ts'

interface Read {
  /** Of what is being read: links first, then addresses, then neighbours. */
  sequence: number
  readonly links: LinkMessage[]
  readonly addresses: AddressMessage[]
  readonly routers: NeighbourMessage[]
  phase: 'links' | 'addresses' | 'neighbours'
  readonly done: (links: readonly Link[] | Error) => void
}

/** Interfaces, addresses and the routers beside them over netlink. */
export class NetlinkLinks implements KernelLinks {
  #socket: NetlinkSocket
  #watcher: LinkWatcher | undefined
  #sequence = 1
  #read: Read | undefined
  /** As last read. */
  #routers: ReadonlySet<string> = new Set()

  constructor(ports: SocketPorts) {
    this.#socket = new NetlinkSocket(ports, {
      message: (message) => this.#heard(message),
      overflow: () => this.#watcher?.linksOverflow(),
      failed: (error) => this.#finish(error),
    })
    this.#socket.enlarge()
  }

  watch(watcher: LinkWatcher): void {
    this.#watcher = watcher
    this.#socket.join(Group.Link, Group.Ipv4Address, Group.Ipv6Address, Group.Neighbour)
  }

  read(done: (links: readonly Link[] | Error) => void): void {
    const sequence = this.#sequence++
    this.#read = { sequence, links: [], addresses: [], routers: [], phase: 'links', done }
    this.#socket.send(linksRequest(MessageType.GetLink, sequence))
  }

  close(): void {
    this.#watcher = undefined
    this.#read = undefined
    this.#socket.close()
  }

  #heard(message: Message): void {
    const read = this.#read
    if (message.port === this.#socket.port && read !== undefined && message.sequence === read.sequence) {
      this.#answered(read, message)
    } else this.#changed(message)
  }

  #answered(read: Read, message: Message): void {
    switch (message.type) {
      case MessageType.NewLink: {
        const link = decodeLink(message)
        if (link !== undefined) read.links.push(link)
        return
      }
      case MessageType.NewAddress: {
        const address = decodeAddress(message)
        if (address !== undefined) read.addresses.push(address)
        return
      }
      case MessageType.NewNeighbour: {
        const neighbour = decodeNeighbour(message)
        if (neighbour?.isRouter) read.routers.push(neighbour)
        return
      }
      case MessageType.Error:
        this.#finish(new KernelError(-message.view.getInt32(message.start, true), 'cannot read the links'))
        return
      case MessageType.Done:
        this.#readNext(read)
    }
  }

  #readNext(read: Read): void {
    read.sequence = this.#sequence++
    if (read.phase === 'links') {
      read.phase = 'addresses'
      this.#socket.send(dumpRequest(MessageType.GetAddress, 0, read.sequence))
    } else if (read.phase === 'addresses') {
      read.phase = 'neighbours'
      this.#socket.send(dumpRequest(MessageType.GetNeighbour, AddressFamily[6], read.sequence))
    } else {
      this.#routers = new Set(read.routers.map(keyOf))
      this.#finish(undefined)
    }
  }

  #changed(message: Message): void {
    switch (message.type) {
      case MessageType.NewLink:
      case MessageType.DelLink: {
        const link = decodeLink(message)
        if (link === undefined) return
        // Without a carrier next-hop objects go, which routes alone survive.
        const lost = message.type === MessageType.DelLink || !link.up
        this.#watcher?.linksChanged(lost ? link.index : undefined)
        return
      }
      case MessageType.NewAddress:
        this.#watcher?.linksChanged()
        return
      case MessageType.DelAddress:
        this.#watcher?.linksChanged(message.view.getUint32(message.start + 4, true))
        return
      case MessageType.NewNeighbour:
      case MessageType.DelNeighbour: {
        const neighbour = decodeNeighbour(message)
        if (neighbour === undefined) return
        const isRouter = message.type === MessageType.NewNeighbour && neighbour.isRouter
        // Neighbours change their state all the time; only that a router comes or goes is news.
        if (isRouter !== this.#routers.has(keyOf(neighbour))) this.#watcher?.linksChanged()
      }
    }
  }

  #finish(error: KernelError | undefined): void {
    const read = this.#read
    if (read === undefined) return
    this.#read = undefined
    read.done(error ?? read.links.map((link) => assembled(link, read)))
  }
}

function keyOf({ interfaceIndex, address }: NeighbourMessage): string {
  return `${interfaceIndex} ${address}`
}

function assembled({ index, name, up, loopback }: LinkMessage, { addresses, routers }: Read): Link {
  const own = addresses.filter((each) => each.interfaceIndex === index)
  return {
    index,
    name,
    up,
    loopback,
    addresses: own.map(({ address, subnet }) => ({ address, ...(subnet !== undefined && { subnet }) })),
    routers: routers
      .filter((each) => each.interfaceIndex === index)
      .sort((a, b) => a.confirmedTicks - b.confirmedTicks)
      .map(({ address }) => address),
  }
}
