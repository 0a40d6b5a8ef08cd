import type { Address } from '../routing/ip/address.ts'
import { hostPrefix, type Prefix } from '../routing/ip/prefix.ts'
import type { SpeakerConfig } from './contract.ts'
import type { Connection, Listening, SpeakerPorts } from './ports.ts'

/** The sockets we listen on, and the TCP MD5 passwords they ask for (RFC 2385). */
export class Listeners {
  readonly #ports: SpeakerPorts
  readonly #accept: (connection: Connection) => void
  readonly #failed: (port: number, error: string) => void
  readonly #listening = new Map<string, { readonly socket: Listening; passwords: ReadonlyMap<Prefix, string> }>()

  constructor(
    ports: SpeakerPorts,
    accept: (connection: Connection) => void,
    failed: (port: number, error: string) => void,
  ) {
    this.#ports = ports
    this.#accept = accept
    this.#failed = failed
  }

  apply(config: SpeakerConfig): void {
    const wanted = addressesOf(config)
    for (const [key, { socket }] of this.#listening) {
      if (wanted.has(key)) continue
      socket.close()
      this.#listening.delete(key)
    }
    for (const [key, address] of wanted) if (!this.#listening.has(key)) this.#open(key, config.listen!.port, address)
    this.#setPasswords(passwordsOf(config))
  }

  close(): void {
    for (const { socket } of this.#listening.values()) socket.close()
    this.#listening.clear()
  }

  #open(key: string, port: number, address: Address | undefined): void {
    const at = { port, ...(address === undefined ? {} : { address }) }
    try {
      const socket = this.#ports.listener.listen(at, this.#accept)
      this.#listening.set(key, { socket, passwords: new Map() })
    } catch (error) {
      this.#failed(port, (error as Error).message)
    }
  }

  #setPasswords(wanted: ReadonlyMap<Prefix, string>): void {
    for (const listening of this.#listening.values()) {
      const { socket, passwords } = listening
      listening.passwords = wanted
      try {
        for (const [remote, password] of wanted) {
          if (passwords.get(remote) !== password) socket.setPassword(remote, password)
        }
        for (const remote of passwords.keys()) if (!wanted.has(remote)) socket.setPassword(remote, undefined)
      } catch (error) {
        this.#ports.log.error({ err: error }, 'the kernel refused a TCP MD5 password')
      }
    }
  }
}

/** No addresses: all of both families, as one socket of the port's. */
function addressesOf({ listen }: SpeakerConfig): Map<string, Address | undefined> {
  if (listen === undefined) return new Map()
  const addresses = listen.addresses.length > 0 ? listen.addresses : [undefined]
  return new Map(addresses.map((address) => [`${address ?? '*'} ${listen.port}`, address]))
}

function passwordsOf(config: SpeakerConfig): Map<Prefix, string> {
  const passwords = new Map<Prefix, string>()
  for (const { range, password } of config.listenRanges) if (password !== undefined) passwords.set(range, password)
  for (const { remoteAddress, password } of config.peers) {
    if (password !== undefined) passwords.set(hostPrefix(remoteAddress), password)
  }
  return passwords
}
