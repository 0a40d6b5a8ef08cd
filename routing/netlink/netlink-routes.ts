import type { KernelRoutes, RouteWatcher } from '../fib/kernel-routes.ts'
import type { RouteBatch } from '../fib/route-batch.ts'
import type { Clock } from '../ports.ts'
import { AddressFamily, Group, MessageType } from './constants.ts'
import { KernelError } from './errors.ts'
import type { Message } from './message.ts'
import { dropNewsOf } from './own-news.ts'
import { dumpRequest } from './requests.ts'
import { RouteDecoder } from './route-decoder.ts'
import { RouteEncoder } from './route-encoder.ts'
import { NetlinkSocket, type SocketPorts } from './socket.ts'

const FIRST_SEQUENCE = 1

/** The kernel answers within the call; only an answer that is lost takes longer. */
const ANSWER_MS = 5_000

interface Sent {
  readonly batch: RouteBatch
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
  #clock: Clock
  #changes: NetlinkSocket
  #news: NetlinkSocket
  #encoder = new RouteEncoder()
  #decoder = new RouteDecoder()
  #watcher: RouteWatcher | undefined
  #sequence = FIRST_SEQUENCE
  /** The batch that is under way, with the sequence number of its first change. */
  #sent: Sent | undefined
  #dump: { readonly sequence: number; readonly left: readonly number[] } | undefined

  constructor(ports: SocketPorts) {
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
    this.#changes.enlarge()
    this.#news.enlarge()
    this.#news.filter(dropNewsOf(this.#changes.port))
  }

  watch(watcher: RouteWatcher): void {
    this.#watcher = watcher
    this.#news.join(Group.Ipv4Route, Group.Ipv6Route)
  }

  dump(): void {
    this.#ask([AddressFamily[4], AddressFamily[6]])
  }

  apply(batch: RouteBatch, done: () => void): void {
    const first = this.#sequence
    this.#sequence = (first + batch.length) >>> 0
    // Numbers start anew rather than wrap around within a batch.
    if (this.#sequence > 0x7fff0000) this.#sequence = FIRST_SEQUENCE
    const cancelTimeout = this.#clock.after(ANSWER_MS, () => this.#lost())
    this.#sent = { batch, first, done, cancelTimeout }
    for (const part of this.#encoder.encode(batch, first)) this.#changes.send(part)
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
    const { batch, first, done, cancelTimeout } = this.#sent
    const i = sequence - first
    if (i < 0 || i >= batch.length) return
    batch.errors[i] = -view.getInt32(start, true)
    if (i < batch.length - 1) return
    this.#sent = undefined
    cancelTimeout()
    done()
  }

  /** Answers are lost, perhaps the last one. */
  #lost(): void {
    if (this.#sent === undefined) return
    const { batch, done, cancelTimeout } = this.#sent
    this.#sent = undefined
    cancelTimeout()
    batch.lost = true
    done()
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
      case MessageType.Done:
      case MessageType.Error:
        if (isDump) this.#dumpEnds(errorOf(message))
    }
  }

  #ask([family, ...left]: readonly number[]): void {
    if (family === undefined) return
    const sequence = this.#sequence++
    this.#dump = { sequence, left }
    this.#news.send(dumpRequest(MessageType.GetRoute, family, sequence))
  }

  #dumpEnds(error: KernelError | undefined): void {
    const left = this.#dump?.left
    if (left === undefined) return
    this.#dump = undefined
    if (error === undefined && left.length > 0) this.#ask(left)
    else this.#watcher?.dumped(error)
  }
}

/** NLMSG_DONE and NLMSG_ERROR both begin with the negative `errno`, or zero. */
function errorOf({ view, start, end }: Message): KernelError | undefined {
  const errno = end - start >= 4 ? -view.getInt32(start, true) : 0
  return errno === 0 ? undefined : new KernelError(errno, 'cannot read the kernel routes')
}
