import { Fib, type FibRules } from './fib/fib.ts'
import { FibSync } from './fib/fib-sync.ts'
import { Guard, type GuardConfig } from './fib/guard.ts'
import { DISCARD, type NextHop, type Resolution } from './fib/intents.ts'
import type { KernelRoutes } from './fib/kernel-routes.ts'
import { type Ownership, sameOwnership } from './fib/ownership.ts'
import { type ListPage, type ListQuery, listRoutes } from './fib/route-list.ts'
import { RowState } from './fib/route-rows.ts'
import type { Address } from './ip/address.ts'
import { hostPrefix, type Prefix, type PrefixWords } from './ip/prefix.ts'
import type { KernelLinks, Link } from './links/kernel-links.ts'
import { Links } from './links/links.ts'
import { resolveNextHop } from './links/next-hops.ts'
import { errnoName } from './netlink/errors.ts'
import { NetlinkLinks } from './netlink/netlink-links.ts'
import { NetlinkRoutes } from './netlink/netlink-routes.ts'
import { probe } from './netlink/probe.ts'
import type { SocketTuning } from './netlink/tuning.ts'
import type { Clock, Log } from './ports.ts'

export interface KernelConfig {
  readonly table: number
  readonly metric: number
  readonly protocol: number
  readonly maxPaths: number
  /** Installed as blackhole routes. */
  readonly blackholes: readonly Prefix[]
  /** Never installed, nor anything inside. */
  readonly ownPrefixes: readonly Prefix[]
  /** Never covered or replaced. */
  readonly protectedAddresses: readonly Address[]
}

export interface WantOptions {
  /** Of the kernel route; absent: the configured one. */
  readonly metric?: number | undefined
  /** A policy rule names this prefix, which allows the default route and prefixes that cover ours. */
  readonly namedByPolicy?: boolean
  /** A blackhole instead of the next hops. */
  readonly discard?: boolean
}

export interface KernelCounts {
  readonly wanted: number
  readonly installed: number
  /** On their way. */
  readonly pending: number
  /** The kernel refused them; they are tried again. */
  readonly failed: number
  /** Never given to the kernel. */
  readonly refused: number
  /** No next hop of theirs can be used. */
  readonly inactive: number
}

export interface KernelPorts {
  readonly clock: Clock
  readonly log: Log
  readonly routes: KernelRoutes
  readonly links: KernelLinks
  /** Of the prefix tables: random in a process, fixed in a test. */
  readonly seed: number
}

export interface OpenOptions {
  readonly clock: Clock
  readonly log: Log
  readonly tuning: SocketTuning
  /** False: no next-hop groups, though the kernel has them. */
  readonly groups?: boolean
}

/**
 * Opens the kernel's routing tables of this host. Fails with one line, a `KernelError`, where they cannot be changed:
 * no CAP_NET_ADMIN, or no netlink.
 */
export async function openKernel({ clock, log, tuning, groups = true }: OpenOptions): Promise<Kernel> {
  const ports = { clock, tuning }
  const { hasGroups } = await probe(ports)
  const seed = Math.floor(Math.random() * 2 ** 32)
  return startKernel({
    clock,
    log,
    seed,
    routes: new NetlinkRoutes(ports, groups && hasGroups),
    links: new NetlinkLinks(ports),
  })
}

/** As `openKernel`, with the kernel handed in. */
export function startKernel(ports: KernelPorts): Promise<Kernel> {
  return new Promise((resolve, reject) => {
    ports.links.read((links) => {
      if (!(links instanceof Error)) {
        resolve(new Kernel(ports, links))
        return
      }
      ports.routes.close()
      ports.links.close()
      reject(links)
    })
  })
}

/** How long removing all routes may take while the kernel refuses some. */
const CLOSE_MS = 10_000
/** Routes of others come and go in bursts. */
const FOREIGN_SETTLE_MS = 50
const MAIN_TABLE = 254
/** Until the first `configure` nothing is sent, so these never show. */
const UNCONFIGURED: KernelConfig = {
  table: MAIN_TABLE,
  metric: 1024,
  protocol: 0,
  maxPaths: 1,
  blackholes: [],
  ownPrefixes: [],
  protectedAddresses: [],
}

/** The kernel's routes as they are wanted, and the links they hang on. */
export class Kernel {
  #ports: KernelPorts
  #config = UNCONFIGURED
  #links: Links
  #fib: Fib
  #sync: FibSync
  #guarded: { readonly key: string; readonly guard: Guard } | undefined
  #watchers: (() => void)[] = []
  #cancelForeign: (() => void) | undefined

  constructor(ports: KernelPorts, links: readonly Link[]) {
    this.#ports = ports
    this.#links = new Links(ports, links, (lost) => this.#linksChanged(lost))
    this.#fib = new Fib(this.#rules(), ports.seed, ports.routes.hasGroups)
    this.#sync = new FibSync({ ...ports, kernel: ports.routes }, this.#fib, () => this.#foreignChanged())
    this.#links.start()
  }

  /** The first call starts it: what is in the kernel is read and taken over, then what is wanted is sent. */
  configure(config: KernelConfig): void {
    const before = this.#config
    this.#config = config
    this.#fib.setRules(this.#rules())
    this.#fib.setBlackholes(config.blackholes)
    if (before === UNCONFIGURED) this.#sync.start()
    else if (!sameOwnership(before, config)) this.#sync.abandon({ table: before.table, protocol: before.protocol })
    this.#sync.kick()
  }

  /** Wants this route with these next hops, and no others; none at all is `unwant`. Equal sets had best be the identical array. */
  want(prefix: PrefixWords, nextHops: readonly NextHop[], options: WantOptions = {}): void {
    const { metric, namedByPolicy = false, discard = false } = options
    if (nextHops.length === 0) {
      this.unwant(prefix)
      return
    }
    this.#fib.want(
      prefix,
      discard ? DISCARD : nextHops,
      metric === undefined ? undefined : Math.max(1, metric),
      namedByPolicy,
    )
    this.#sync.kick()
  }

  unwant(prefix: PrefixWords): void {
    this.#fib.unwant(prefix)
    this.#sync.kick()
  }

  /** All routes have been wanted that will be: what is left of an earlier run may go. */
  converged(): void {
    this.#fib.dropLeftovers()
    this.#sync.kick()
  }

  /** How a next hop is reached now; ask again after each call of a function given to `watchNextHops`. */
  resolve(nextHop: Address, interfaceName?: string): Resolution {
    const tables = [MAIN_TABLE, this.#config.table]
    const foreignRoute = (address: Address) => this.#fib.foreign.lookup(address, tables)
    return resolveNextHop(this.#links.table, foreignRoute, nextHop, interfaceName)
  }

  /** `changed` is called when `resolve` may answer otherwise than before, or `localSubnets` or `routers` are others. */
  watchNextHops(changed: () => void): void {
    this.#watchers.push(changed)
  }

  /** What this node is connected to, over links that are up. */
  get localSubnets(): readonly Prefix[] {
    return this.#links.table.localSubnets
  }

  /** Name of a link → the link-local address of the router last heard on it. */
  get routers(): ReadonlyMap<string, Address> {
    return this.#links.table.routers
  }

  get localAddresses(): readonly Address[] {
    return this.#links.table.localAddresses
  }

  /** The kernel is as wanted, as far as it can be. */
  get idle(): boolean {
    return this.#sync.idle && this.#links.idle && this.#cancelForeign === undefined
  }

  counts(): KernelCounts {
    const of = (state: RowState) => this.#fib.rows[4].counts[state]! + this.#fib.rows[6].counts[state]!
    const counts = {
      installed: of(RowState.Installed),
      pending: of(RowState.Pending),
      failed: of(RowState.Failed),
      refused: of(RowState.Refused),
      inactive: of(RowState.Inactive),
    }
    return { wanted: Object.values(counts).reduce((a, b) => a + b), ...counts }
  }

  list(query: ListQuery = {}): ListPage {
    const interfaceName = (index: number) => this.#links.table.indexed(index)?.name
    return listRoutes(this.#fib, { interfaceName, errnoName }, query)
  }

  /** Leaves the routes for the next run, or removes all of ours first. */
  async close({ keepRoutes }: { readonly keepRoutes: boolean }): Promise<void> {
    if (!keepRoutes) {
      this.#fib.unwantAll()
      this.#sync.kick()
      await this.#settled()
    }
    this.#cancelForeign?.()
    this.#sync.stop()
    this.#links.stop()
    this.#ports.routes.close()
    this.#ports.links.close()
  }

  /** Nothing waits any more, not even what the kernel refused; but not for ever. */
  #settled(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(CLOSE_MS, resolve)
      this.#sync.whenSettled(() => {
        cancel()
        resolve()
      })
    })
  }

  #linksChanged(lost: ReadonlySet<number>): void {
    // The kernel drops IPv4 routes and next hops over such a link without a word, and it may be up again already.
    const losesRoutes = [...lost].some((index) => this.#fib.targets.usesLink(index))
    this.#resolveAgain()
    if (losesRoutes) this.#sync.resync()
  }

  #foreignChanged(): void {
    this.#cancelForeign ??= this.#ports.clock.after(FOREIGN_SETTLE_MS, () => {
      this.#cancelForeign = undefined
      this.#resolveAgain()
    })
  }

  #resolveAgain(): void {
    this.#fib.setRules(this.#rules())
    this.#sync.kick()
    for (const changed of this.#watchers) changed()
  }

  #rules(): FibRules {
    const { table, protocol, metric, maxPaths } = this.#config
    const ownership: Ownership = { table, protocol }
    const resolve = (nextHop: Address, interfaceName?: string) => this.resolve(nextHop, interfaceName)
    // IPv6 has no metric 0: the kernel would read it as 1024.
    return { ownership, metric: Math.max(1, metric), maxPaths, guard: this.#guard(), resolve }
  }

  /** The same one as long as nothing about it changes, so that routes need not be judged anew. */
  #guard(): Guard {
    const { ownPrefixes, protectedAddresses } = this.#config
    const { localSubnets, localAddresses } = this.#links.table
    const config: GuardConfig = {
      ownPrefixes,
      protectedAddresses,
      localSubnets: [...localSubnets, ...localAddresses.map(hostPrefix)],
    }
    const key = JSON.stringify(config)
    if (this.#guarded?.key !== key) this.#guarded = { key, guard: new Guard(config) }
    return this.#guarded.guard
  }
}
