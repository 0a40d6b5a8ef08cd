import type {
  Clock,
  Connection,
  Dialer,
  DialOutcome,
  DialRequest,
  ListenAddress,
  Listener,
  Listening,
} from '../../bgp/ports.ts'
import { type Address, address, familyOf } from '../../routing/ip/address.ts'
import { contains, hostPrefix, type Prefix, prefixWords } from '../../routing/ip/prefix.ts'
import { FakeConnection } from './connection.ts'

/** As the real dialer: an attempt nobody answers ends after this time. */
const CONNECT_TIMEOUT_MS = 10_000
const FIRST_EPHEMERAL_PORT = 49_152

/**
 * TCP in memory between hosts, driven by a clock: the same calls give the same order of events every time.
 *
 *     const network = new FakeNetwork(clock)
 *     const a = network.host('10.0.0.1')
 *     const b = network.host('10.0.0.2')
 *     b.listener.listen({ port: 179 }, accept)
 *     a.dialer.dial({ remoteAddress: address('10.0.0.2'), port: 179 }, outcome)
 *     clock.runUntilIdle()
 */
export class FakeNetwork {
  /** Chunks are cut to this size at most: 1 exercises every split of a message. */
  chunkOctets = 65_536
  /** `write` returns false above this. */
  highWaterOctets = 1_048_576
  /** One way, milliseconds. */
  latencyMs = 0

  readonly clock: Clock
  #hosts = new Map<Address, FakeHost>()
  #cuts = new Set<string>()
  #connections = new Set<FakeConnection>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** A host with these addresses; link-local ones name their link: `fe80::1%eth0`. */
  host(...addresses: readonly string[]): FakeHost {
    const host = new FakeHost(this, addresses)
    for (const each of host.addresses) this.#hosts.set(each, host)
    return host
  }

  find(at: Address): FakeHost | undefined {
    return this.#hosts.get(at)
  }

  /** Nothing passes between the two any more, and nobody is told: connections just go silent. */
  cut(a: string, b: string): void {
    this.#cuts.add(`${a} ${b}`).add(`${b} ${a}`)
  }

  mend(a: string, b: string): void {
    this.#cuts.delete(`${a} ${b}`)
    this.#cuts.delete(`${b} ${a}`)
    for (const connection of this.#connections) connection.flushSoon()
  }

  isCut(a: Address, b: Address): boolean {
    return this.#cuts.has(`${a} ${b}`)
  }

  /** All open connections end, as when the hosts' links to the process break: both sides see ECONNRESET. */
  resetAll(): void {
    for (const connection of [...this.#connections]) connection.reset()
  }

  /** Both ends of all connections that are open. */
  get connections(): ReadonlySet<FakeConnection> {
    return this.#connections
  }

  opened(connection: FakeConnection): void {
    this.#connections.add(connection)
  }

  ended(connection: FakeConnection): void {
    this.#connections.delete(connection)
  }
}

export class FakeHost {
  readonly addresses: readonly Address[]
  readonly dialer: Dialer
  readonly listener: Listener
  #network: FakeNetwork
  #links = new Map<Address, string>()
  #listenings = new Set<FakeListening>()
  #nextPort = FIRST_EPHEMERAL_PORT
  /** What was dialed, in order, for assertions. */
  readonly dialed: DialRequest[] = []

  constructor(network: FakeNetwork, addresses: readonly string[]) {
    this.#network = network
    this.addresses = addresses.map((text) => {
      const [plain = '', link] = text.split('%')
      if (link !== undefined) this.#links.set(address(plain), link)
      return address(plain)
    })
    this.dialer = { dial: (request, outcome) => this.#dial(request, outcome) }
    this.listener = { listen: (at, accept) => this.#listen(at, accept) }
  }

  linkOf(at: Address): string | undefined {
    return this.#links.get(at)
  }

  listeningAt(at: Address, port: number): FakeListening | undefined {
    for (const each of this.#listenings) if (each.port === port && (each.address ?? at) === at) return each
    return undefined
  }

  stopped(listening: FakeListening): void {
    this.#listenings.delete(listening)
  }

  #listen(at: ListenAddress, accept: (connection: Connection) => void): Listening {
    const port = at.port === 0 ? this.#nextPort++ : at.port
    for (const each of this.#listenings) {
      const same = each.address === undefined || at.address === undefined || each.address === at.address
      if (each.port === port && same) throw failure('EADDRINUSE', `port ${port} is in use`)
    }
    if (at.address !== undefined && !this.addresses.includes(at.address)) {
      throw failure('EADDRNOTAVAIL', `${at.address} is not an address of this host`)
    }
    const listening = new FakeListening(this, port, at.address, accept)
    this.#listenings.add(listening)
    return listening
  }

  #dial(request: DialRequest, outcome: DialOutcome): () => void {
    this.dialed.push(request)
    const { clock, latencyMs } = this.#network
    let waits = true
    const settle = (tell: () => void) => () => {
      if (!waits) return
      waits = false
      tell()
    }
    const answer = this.#answerTo(request, outcome)
    if (answer === undefined) {
      clock.after(
        CONNECT_TIMEOUT_MS,
        settle(() => outcome.failed(failure('ETIMEDOUT', 'connect timed out'))),
      )
    } else if (latencyMs > 0) clock.after(2 * latencyMs, settle(answer))
    else clock.soon(settle(answer))
    return () => {
      waits = false
    }
  }

  /** What the far side does to a SYN; undefined when it never answers. */
  #answerTo(request: DialRequest, outcome: DialOutcome): (() => void) | undefined {
    const { remoteAddress, port } = request
    const localAddress =
      request.localAddress ?? this.addresses.find((each) => familyOf(each) === familyOf(remoteAddress))
    if (localAddress === undefined || !this.addresses.includes(localAddress)) {
      return () => outcome.failed(failure('EADDRNOTAVAIL', `no address to reach ${remoteAddress} from`))
    }
    const remote = this.#network.find(remoteAddress)
    if (remote === undefined) return () => outcome.failed(failure('EHOSTUNREACH', `no route to ${remoteAddress}`))
    if (this.#network.isCut(localAddress, remoteAddress)) return undefined
    const listening = remote.listeningAt(remoteAddress, port)
    if (listening !== undefined && listening.passwordFor(localAddress) !== request.password) return undefined

    return () => {
      // Looked up again: it may have closed while the SYN was under way.
      const answering = remote.listeningAt(remoteAddress, port)
      if (answering === undefined) {
        outcome.failed(failure('ECONNREFUSED', `nothing listens on ${remoteAddress} port ${port}`))
        return
      }
      const [near, far] = this.#pair(request, localAddress, remote)
      outcome.connected(near)
      answering.accept(far)
    }
  }

  #pair(request: DialRequest, localAddress: Address, remote: FakeHost): [FakeConnection, FakeConnection] {
    const localPort = this.#nextPort++
    const { remoteAddress, port, interfaceName, ttl, minimumTtl } = request
    const near = new FakeConnection(this.#network, {
      localAddress,
      localPort,
      remoteAddress,
      remotePort: port,
      ...(interfaceName !== undefined && { interfaceName }),
    })
    const link = remote.linkOf(remoteAddress)
    const far = new FakeConnection(this.#network, {
      localAddress: remoteAddress,
      localPort: port,
      remoteAddress: localAddress,
      remotePort: localPort,
      ...(link !== undefined && { interfaceName: link }),
    })
    near.configure({ ...(ttl !== undefined && { ttl }), ...(minimumTtl !== undefined && { minimumTtl }) })
    near.password = request.password
    far.password = remote.listeningAt(remoteAddress, port)?.passwordFor(localAddress)
    near.join(far)
    return [near, far]
  }
}

export class FakeListening implements Listening {
  readonly port: number
  readonly address: Address | undefined
  readonly accept: (connection: Connection) => void
  #host: FakeHost
  #passwords = new Map<Prefix, string>()

  constructor(host: FakeHost, port: number, at: Address | undefined, accept: (connection: Connection) => void) {
    this.#host = host
    this.port = port
    this.address = at
    this.accept = accept
  }

  setPassword(remote: Prefix, password: string | undefined): void {
    if (password === undefined) this.#passwords.delete(remote)
    else this.#passwords.set(remote, password)
  }

  /** Of the longest prefix that holds the address. */
  passwordFor(remote: Address): string | undefined {
    const host = prefixWords(hostPrefix(remote))
    let length = -1
    let found: string | undefined
    for (const [prefix, password] of this.#passwords) {
      const words = prefixWords(prefix)
      if (!contains(words, host) || words.length <= length) continue
      length = words.length
      found = password
    }
    return found
  }

  close(): void {
    this.#host.stopped(this)
  }
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
