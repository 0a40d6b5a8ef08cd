import { constants } from 'node:os'
import type { KernelRoutes, RouteWatcher } from '../fib/kernel-routes.ts'
import type { RouteBatch } from '../fib/route-batch.ts'
import type { Clock } from '../ports.ts'
import { AddressFamily, Group, MessageType } from './constants.ts'
import { KernelError } from './errors.ts'
import type { Message } from './message.ts'
import { NextHopObjects } from './next-hop-objects.ts'
import { dropNewsOf } from './own-news.ts'
import { dumpRequest, objectsRequest } from './requests.ts'
import { RouteDecoder } from './route-decoder.ts'
import { RouteEncoder } from './route-encoder.ts'
import { NetlinkSocket, type SocketPorts } from './socket.ts'

const FIRST_SEQUENCE = 1

/** The kernel answers within the call; only an answer that is lost takes longer. */
const ANSWER_MS = 5_000

interface Sent {
  readonly batch: RouteBatch
  /** Which of its groups each message belongs to that was sent before those of the routes. */
  readonly groups: readonly number[]
  /** Sequence number of the first message. */
  readonly first: number
  readonly done: () => void
  readonly cancelTimeout: () => void
}

/**
 * Kernel routes over netlink. Changes go over one socket; dumps and news come over the other, in the order in which
 * they are true, so a dump that changes interrupt (NLM_F_DUMP_INTR) is as good as any. News of our own changes bear
 * the port of the first socket and are left out.
 */
export class NetlinkRoutes implements KernelRoutes {
  readonly hasGroups: boolean
  #clock: Clock
  #changes: NetlinkSocket
  #news: NetlinkSocket
  #encoder = new RouteEncoder()
  #decoder = new RouteDecoder()
  #objects = new NextHopObjects()
  #watcher: RouteWatcher | undefined
  #sequence = FIRST_SEQUENCE
  /** The batch that is under way. */
  #sent: Sent | undefined
  #dump: Dump | undefined

  constructor(ports: SocketPorts, hasGroups: boolean) {
    this.hasGroups = hasGroups
    this.#clock = ports.clock
    this.#changes = new NetlinkSocket(ports, {
      message: (message) => this.#answer(message),
      overflow: () => this.#lost(),
      failed: () => this.#lost(),
    })
    try {
      this.#news = new NetlinkSocket(ports, {
        message: (message) => this.#heard(message),
        overflow: () => this.#watcher?.overflow(),
        failed: (error) => this.#dumpEnds(error),
      })
    } catch (error) {
      this.#changes.close()
      throw error
    }
    this.#changes.shortenErrors()
    this.#changes.enlarge()
    this.#news.enlarge()
    this.#news.filter(dropNewsOf(this.#changes.port))
  }

  watch(watcher: RouteWatcher): void {
    this.#watcher = watcher
    this.#news.join(Group.Ipv4Route, Group.Ipv6Route)
    if (this.hasGroups) this.#news.join(Group.NextHop)
  }

  dump(protocol: number): void {
    this.#objects.beginDump()
    const routes = [AddressFamily[4], AddressFamily[6]]
    this.#ask({ protocol, left: this.hasGroups ? ['objects', ...routes] : routes })
  }

  apply(batch: RouteBatch, done: () => void): void {
    const first = this.#sequence
    const objects = this.#objects.encode(batch.groups, batch.protocol, first)
    const groups = objects.changes
    this.#sequence = (first + groups.length + batch.length) >>> 0
    // Numbers start anew rather than wrap around within a batch.
    if (this.#sequence > 0x7fff0000) this.#sequence = FIRST_SEQUENCE
    const cancelTimeout = this.#clock.after(ANSWER_MS, () => this.#lost())
    this.#sent = { batch, groups, first, done, cancelTimeout }
    if (batch.length === 0) objects.askForAnswer()
    for (const part of objects.parts) this.#changes.send(part)
    for (const part of this.#encoder.encode(batch, first + groups.length)) this.#changes.send(part)
  }

  close(): void {
    this.#watcher = undefined
    this.#sent?.cancelTimeout()
    this.#sent = undefined
    this.#dump = undefined
    this.#changes.close()
    this.#news.close()
  }

  /** Errors come for each change that fails, and an answer of any kind for the last one. */
  #answer({ type, sequence, view, start }: Message): void {
    if (type !== MessageType.Error || this.#sent === undefined) return
    const { batch, groups, first } = this.#sent
    const i = sequence - first
    if (i < 0 || i >= groups.length + batch.length) return
    const errno = -view.getInt32(start, true)
    if (i >= groups.length) batch.errors[i - groups.length] = errno
    else batch.groups[groups[i]!]!.errno ||= errno
    if (i === groups.length + batch.length - 1) this.#finish()
  }

  /** Answers are lost, perhaps the last one. */
  #lost(): void {
    if (this.#sent === undefined) return
    this.#sent.batch.lost = true
    this.#finish()
  }

  #finish(): void {
    if (this.#sent === undefined) return
    const { batch, done, cancelTimeout } = this.#sent
    this.#sent = undefined
    cancelTimeout()
    if (batch.groups.length > 0 && !batch.lost) this.#tidy(this.#objects.settle(batch.groups))
    done()
  }

  /** Takes away what is of no use; it does not matter whether that succeeds. */
  #tidy(parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#changes.send(part)
  }

  #heard(message: Message): void {
    const { type, port, sequence } = message
    const isDump = port === this.#news.port && sequence === this.#dump?.sequence
    switch (type) {
      case MessageType.NewRoute:
        if (!this.#decoder.decode(message)) return
        if (isDump) this.#watcher?.found(this.#decoder.route)
        else this.#watcher?.added(this.#decoder.route)
        return
      case MessageType.DelRoute:
        if (this.#decoder.decode(message)) this.#watcher?.removed(this.#decoder.route)
        return
      case MessageType.NewNextHop:
        if (isDump) this.#objects.shown(message)
        else this.#watcher?.groupsChanged()
        return
      case MessageType.DelNextHop:
        this.#watcher?.groupsChanged()
        return
      case MessageType.Done:
      case MessageType.Error:
        if (isDump) this.#dumpStops(errorOf(message))
    }
  }

  #ask({ protocol, left: [what, ...left] }: Pick<Dump, 'protocol' | 'left'>): void {
    if (what === undefined) return
    const sequence = this.#sequence++
    this.#dump = { sequence, protocol, what, left }
    const request = what === 'objects' ? objectsRequest(sequence) : dumpRequest(MessageType.GetRoute, what, sequence)
    this.#news.send(request)
  }

  /** A route with so many next hops that it does not fit the part of a dump it should be in. */
  #dumpStops(error: KernelError | undefined): void {
    if (error?.errno === constants.errno.EMSGSIZE) this.#news.widen()
    this.#dumpEnds(error)
  }

  #dumpEnds(error: KernelError | undefined): void {
    const dump = this.#dump
    if (dump === undefined) return
    this.#dump = undefined
    if (error === undefined && dump.what === 'objects')
      this.#tidy(this.#objects.endDump(dump.protocol, (group) => this.#watcher?.foundGroup(group)))
    if (error === undefined && dump.left.length > 0) this.#ask(dump)
    else this.#watcher?.dumped(error)
  }
}

/** What is being read, and what is to be read after it: next-hop objects, and the routes of an address family. */
interface Dump {
  readonly sequence: number
  readonly protocol: number
  readonly what: 'objects' | number
  readonly left: readonly ('objects' | number)[]
}

/** NLMSG_DONE and NLMSG_ERROR both begin with the negative `errno`, or zero. */
function errorOf({ view, start, end }: Message): KernelError | undefined {
  const errno = end - start >= 4 ? -view.getInt32(start, true) : 0
  return errno === 0 ? undefined : new KernelError(errno, 'cannot read the kernel routes')
}
