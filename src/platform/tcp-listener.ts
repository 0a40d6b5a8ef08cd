import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Clock, Connection, ListenAddress, Listener, Listening, Log } from '../../bgp/ports.ts'
import { type Address, address, type Family, familyOf, isLinkLocal } from '../../routing/ip/address.ts'
import { type Prefix, prefixWords } from '../../routing/ip/prefix.ts'
import { SystemError } from './libc.ts'
import { listeningSocket, setPassword } from './socket-options.ts'
import { TcpConnection } from './tcp-connection.ts'

const ANY = { 4: address('0.0.0.0'), 6: address('::') } as const
/** A peer with GTSM drops our SYN-ACK unless it comes with the greatest TTL; to others it does no harm. */
const LISTEN_TTL = 255
/** Tries to find a port that is free in both families. */
const PORT_TRIES = 16
/** What a host without IPv6 says. */
const NO_IPV6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL']

export interface ListenerOptions {
  readonly clock: Clock
  readonly log: Log
  readonly highWaterOctets: number
}

export class TcpListener implements Listener {
  #options: ListenerOptions

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  listen(at: ListenAddress, accept: (connection: Connection) => void): Listening {
    const halves =
      at.address === undefined ? this.#openBoth(at.port, accept) : [this.#open(at.address, at.port, accept)]
    return new TcpListening(halves)
  }

  /** One socket per family, so that TCP MD5 keys are found in the family they are for. */
  #openBoth(port: number, accept: (connection: Connection) => void): Half[] {
    for (let tries = 1; ; tries++) {
      const ipv4 = this.#open(ANY[4], port, accept)
      try {
        return [ipv4, this.#open(ANY[6], ipv4.port, accept)]
      } catch (error) {
        const code = error instanceof SystemError ? error.code : undefined
        if (NO_IPV6.some((each) => each === code)) return [ipv4]
        ipv4.server.close()
        const taken = code === 'EADDRINUSE' && port === 0
        if (!taken || tries === PORT_TRIES) throw error
      }
    }
  }

  #open(at: Address, port: number, accept: (connection: Connection) => void): Half {
    const { clock, log, highWaterOctets } = this.#options
    const scopeId = isLinkLocal(at) ? interfaceIndexOf(at) : 0
    const fd = listeningSocket({ address: at, port, scopeId, ttl: LISTEN_TTL })
    const server = createServer({ noDelay: true, pauseOnConnect: true, highWaterMark: highWaterOctets }, (socket) => {
      const connection = TcpConnection.of(socket, clock)
      if (connection !== undefined) accept(connection)
      else socket.destroy()
    })
    server.on('error', (error) => log.error({ err: error, address: at, port }, 'cannot accept a connection'))
    server.listen({ fd })
    return { server, fd, family: familyOf(at), port: portOf(server) }
  }
}

interface Half {
  readonly server: Server
  readonly fd: number
  readonly family: Family
  readonly port: number
}

class TcpListening implements Listening {
  readonly port: number
  #halves: readonly Half[]

  constructor(halves: readonly Half[]) {
    this.#halves = halves
    this.port = halves[0]?.port ?? 0
  }

  setPassword(remote: Prefix, password: string | undefined): void {
    const { family, length } = prefixWords(remote)
    const network = address(remote.slice(0, remote.indexOf('/')))
    for (const half of this.#halves) {
      if (half.family === family) setPassword(half.fd, network, length, password)
    }
  }

  close(): void {
    for (const half of this.#halves) half.server.close()
    // The descriptors are closed now and their numbers may come back as something else's.
    this.#halves = []
  }
}

function portOf(server: Server): number {
  const at = server.address()
  return at !== null && typeof at === 'object' ? at.port : 0
}

/** Which link a link-local address of ours is on. */
function interfaceIndexOf(at: Address): number {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const each of addresses ?? []) if (each.family === 'IPv6' && each.address === at) return each.scopeid ?? 0
  }
  return 0
}
