import { Socket, type SocketConstructorOpts } from 'node:net'
import type { Clock, Dialer, DialOutcome, DialRequest } from '../../bgp/ports.ts'
import { familyOf, isLinkLocal } from '../../routing/ip/address.ts'
import { maxLength } from '../../routing/ip/prefix.ts'
import { SystemError } from './libc.ts'
import { bindToDevice, closeSocket, openSocket, setMinimumTtl, setPassword, setTtl } from './socket-options.ts'
import { TcpConnection } from './tcp-connection.ts'

/** An attempt that nobody answers ends after this time; the kernel alone would go on for two minutes. */
const CONNECT_TIMEOUT_MS = 10_000

export class TcpDialer implements Dialer {
  #clock: Clock
  #highWaterOctets: number

  constructor(clock: Clock, highWaterOctets: number) {
    this.#clock = clock
    this.#highWaterOctets = highWaterOctets
  }

  dial(request: DialRequest, outcome: DialOutcome): () => void {
    let socket: Socket
    try {
      socket = this.#socketFor(request)
    } catch (error) {
      return this.#failSoon(outcome, error as Error)
    }
    let waits = true
    /** The first outcome counts; a cancelled attempt has none. */
    const settle = (): boolean => {
      const first = waits
      waits = false
      cancelTimeout()
      return first
    }
    const fail = (error: Error): void => {
      if (!settle()) return
      socket.destroy()
      outcome.failed(error)
    }
    const cancelTimeout = this.#clock.after(CONNECT_TIMEOUT_MS, () =>
      fail(new SystemError('ETIMEDOUT', noAnswer(request))),
    )
    socket.on('error', fail)
    socket.once('connect', () => {
      if (!settle()) return
      socket.off('error', fail)
      const connection = TcpConnection.of(socket, this.#clock)
      if (connection !== undefined) {
        outcome.connected(connection)
        return
      }
      socket.destroy()
      outcome.failed(new SystemError('ECONNRESET', `connect to ${request.remoteAddress}: gone at once`))
    })
    socket.connect(connectOptions(request))
    return () => {
      if (settle()) socket.destroy()
    }
  }

  /** A plain socket, or one with options that `net` cannot set. */
  #socketFor(request: DialRequest): Socket {
    const options: SocketConstructorOpts & { writableHighWaterMark: number; manualStart: boolean } = {
      writableHighWaterMark: this.#highWaterOctets,
      manualStart: true,
    }
    const device = deviceOf(request)
    const { ttl, minimumTtl, password } = request
    if ((device ?? ttl ?? minimumTtl ?? password) === undefined) return new Socket(options)

    const family = familyOf(request.remoteAddress)
    const fd = openSocket(family)
    try {
      if (device !== undefined) bindToDevice(fd, device)
      if (ttl !== undefined) setTtl(fd, family, ttl)
      if (minimumTtl !== undefined) setMinimumTtl(fd, family, minimumTtl)
      if (password !== undefined) setPassword(fd, request.remoteAddress, maxLength(family), password)
      return new Socket({ ...options, fd })
    } catch (error) {
      closeSocket(fd)
      throw error
    }
  }

  #failSoon(outcome: DialOutcome, error: Error): () => void {
    let waits = true
    this.#clock.soon(() => {
      if (waits) outcome.failed(error)
    })
    return () => {
      waits = false
    }
  }
}

/** TCP MD5 (RFC 2385) says nothing of a wrong password: either side drops what the other sends. */
function noAnswer({ remoteAddress, password }: DialRequest): string {
  const hint = password === undefined ? '' : ' (is the password the same on both sides?)'
  return `connect to ${remoteAddress}: no answer in ${CONNECT_TIMEOUT_MS} ms${hint}`
}

/** A link-local address carries its link as a zone; any other needs the socket bound to it. */
function deviceOf(request: DialRequest): string | undefined {
  return isLinkLocal(request.remoteAddress) ? undefined : request.interfaceName
}

function connectOptions(request: DialRequest) {
  const { remoteAddress, localAddress, port, interfaceName } = request
  const zoned = (at: string) => (isLinkLocal(request.remoteAddress) && interfaceName ? `${at}%${interfaceName}` : at)
  return {
    host: zoned(remoteAddress),
    port,
    family: familyOf(remoteAddress),
    noDelay: true,
    ...(localAddress !== undefined && {
      localAddress: isLinkLocal(localAddress) ? zoned(localAddress) : localAddress,
    }),
  }
}
