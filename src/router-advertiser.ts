import type { Clock, Log } from '../bgp/ports.ts'

/** As often as FRR does for its unnumbered peers. */
const EVERY_MS = 10_000
/** A link that has just come up, or is not there yet, is tried again soon. */
const RETRY_MS = 1_000

interface Ports {
  readonly clock: Clock
  readonly log: Log
  /** Throws when it cannot. */
  send(interfaceName: string): void
}

/** Tells unnumbered peers, on the links where they are wanted, that a router is here. */
export class RouterAdvertiser {
  readonly #ports: Ports
  readonly #links = new Map<string, { failed: boolean; cancel: () => void }>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** These links, and no others. */
  advertiseOn(interfaceNames: readonly string[]): void {
    for (const [name, { cancel }] of this.#links) {
      if (interfaceNames.includes(name)) continue
      cancel()
      this.#links.delete(name)
    }
    for (const name of interfaceNames) {
      if (this.#links.has(name)) continue
      this.#links.set(name, { failed: false, cancel: () => {} })
      this.#advertise(name)
    }
  }

  #advertise(name: string): void {
    const link = this.#links.get(name)
    if (link === undefined) return
    const { clock, log, send } = this.#ports
    try {
      send(name)
      link.failed = false
    } catch (error) {
      // Once: a link that is not there is nothing new every second.
      if (!link.failed)
        log.warn({ link: name, reason: (error as Error).message }, 'no router advertisement could be sent')
      link.failed = true
    }
    link.cancel = clock.after(link.failed ? RETRY_MS : EVERY_MS, () => this.#advertise(name))
  }
}
