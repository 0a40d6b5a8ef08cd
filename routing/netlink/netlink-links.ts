import type { KernelLinks, Link, LinkWatcher } from '../links/kernel-links.ts'
import { Group, MessageType } from './constants.ts'
import { KernelError } from './errors.ts'
import { type AddressMessage, decodeAddress, decodeLink, type LinkMessage } from './link-decoder.ts'
import type { Message } from './message.ts'
import { dumpRequest, linksRequest } from './requests.ts'
import { NetlinkSocket, type SocketPorts } from './socket.ts'

interface Read {
  /** Of the links first, then of the addresses. */
  sequence: number
  readonly links: LinkMessage[]
  readonly addresses: AddressMessage[]
  phase: 'links' | 'addresses'
  readonly done: (links: readonly Link[] | Error) => void
}

/** Interfaces and addresses over netlink. */
export class NetlinkLinks implements KernelLinks {
  #socket: NetlinkSocket
  #watcher: LinkWatcher | undefined
  #sequence = 1
  #read: Read | undefined

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
    this.#socket.join(Group.Link, Group.Ipv4Address, Group.Ipv6Address)
  }

  read(done: (links: readonly Link[] | Error) => void): void {
    const sequence = this.#sequence++
    this.#read = { sequence, links: [], addresses: [], phase: 'links', done }
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
      case MessageType.Error:
        this.#finish(new KernelError(-message.view.getInt32(message.start, true), 'cannot read the links'))
        return
      case MessageType.Done:
        if (read.phase === 'addresses') {
          this.#finish(undefined)
          return
        }
        read.phase = 'addresses'
        read.sequence = this.#sequence++
        this.#socket.send(dumpRequest(MessageType.GetAddress, 0, read.sequence))
    }
  }

  #changed(message: Message): void {
    switch (message.type) {
      case MessageType.NewLink:
      case MessageType.DelLink: {
        const link = decodeLink(message)
        if (link === undefined) return
        const lost = message.type === MessageType.DelLink || !link.on
        this.#watcher?.linksChanged(lost ? link.index : undefined)
        return
      }
      case MessageType.NewAddress:
        this.#watcher?.linksChanged()
        return
      case MessageType.DelAddress:
        this.#watcher?.linksChanged(message.view.getUint32(message.start + 4, true))
    }
  }

  #finish(error: KernelError | undefined): void {
    const read = this.#read
    if (read === undefined) return
    this.#read = undefined
    read.done(error ?? read.links.map((link) => withAddresses(link, read.addresses)))
  }
}

function withAddresses({ index, name, up, loopback }: LinkMessage, addresses: readonly AddressMessage[]): Link {
  const own = addresses.filter((each) => each.interfaceIndex === index)
  return {
    index,
    name,
    up,
    loopback,
    addresses: own.map(({ address, subnet }) => ({ address, ...(subnet !== undefined && { subnet }) })),
  }
}
