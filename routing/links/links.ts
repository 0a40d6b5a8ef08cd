import type { Clock, Log } from '../ports.ts'
import type { KernelLinks, Link, LinkWatcher } from './kernel-links.ts'
import { LinkTable } from './link-table.ts'

/** A burst of news is answered by one read. */
const SETTLE_MS = 20
const RETRY_MS = 1_000

export interface LinksPorts {
  readonly clock: Clock
  readonly log: Log
  readonly links: KernelLinks
}

/** The links of this host, read anew whenever something about them changes. */
export class Links implements LinkWatcher {
  table: LinkTable
  #ports: LinksPorts
  #changed: (lost: ReadonlySet<number>) => void
  #lost = new Set<number>()
  #waits: (() => void) | undefined
  #reading = false

  /** `changed` hears of each new table, and over which links routes may have been lost since the last one. */
  constructor(ports: LinksPorts, first: readonly Link[], changed: (lost: ReadonlySet<number>) => void) {
    this.#ports = ports
    this.table = new LinkTable(first)
    this.#changed = changed
  }

  /** Begins to watch, and reads once: something may have changed since the first read. */
  start(): void {
    this.#ports.links.watch(this)
    this.#readAfter(0)
  }

  stop(): void {
    this.#waits?.()
    this.#changed = () => undefined
  }

  /** The table is as new as it can be. */
  get idle(): boolean {
    return this.#waits === undefined && !this.#reading
  }

  linksChanged(interfaceIndex?: number): void {
    if (interfaceIndex !== undefined) this.#lost.add(interfaceIndex)
    this.#readAfter(SETTLE_MS)
  }

  linksOverflow(): void {
    for (const link of this.table.links) this.#lost.add(link.index)
    this.#readAfter(SETTLE_MS)
  }

  #readAfter(ms: number): void {
    this.#waits ??= this.#ports.clock.after(ms, () => this.#read())
  }

  #read(): void {
    this.#waits = undefined
    if (this.#reading) {
      this.#readAfter(SETTLE_MS)
      return
    }
    this.#reading = true
    this.#ports.links.read((links) => {
      this.#reading = false
      if (links instanceof Error) {
        this.#ports.log.warn({ err: links }, 'cannot read the network interfaces, trying again')
        this.#readAfter(RETRY_MS)
        return
      }
      const lost = this.#lost
      this.#lost = new Set()
      this.table = new LinkTable(links)
      this.#changed(lost)
    })
  }
}
