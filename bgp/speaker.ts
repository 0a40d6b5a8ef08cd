import { compareAddresses } from '../routing/ip/address.ts'
import type {
  BestRouteFeed,
  NextHopResolver,
  PeerConfig,
  PeerStatus,
  RoutePage,
  RouteQuery,
  SpeakerConfig,
  SpeakerEvent,
} from './contract.ts'
import { FairInput } from './fair-input.ts'
import { Feed } from './feed.ts'
import { memberOf, rangeOf } from './listen-ranges.ts'
import { Listeners } from './listeners.ts'
import { Originations } from './originations.ts'
import { Peer, type PeerContext } from './peer/peer.ts'
import { placeOf } from './place.ts'
import type { Connection, SpeakerPorts } from './ports.ts'
import { Reconsideration } from './reconsideration.ts'
import type { Distribution } from './rib/distribution.ts'
import { Sweeps } from './rib/sweeps.ts'
import { Tables } from './rib/tables.ts'
import { routePage } from './views.ts'
import { CeaseError } from './wire/iana.ts'
import { cease } from './wire/notification.ts'

export interface SpeakerOptions {
  onEvent?(event: SpeakerEvent): void
  /** Absent: every next hop is reachable at the same cost, as on a reflector. */
  readonly resolveNextHop?: NextHopResolver
  /** The forwarding state was kept over the restart that this start is (RFC 4724, section 4.1). */
  readonly restarting?: boolean
}

/** How a speaker goes: without a word, so that peers keep its routes for the restart, or with a Cease and its text. */
export type StopMode = { readonly graceful: true } | { readonly graceful: false; readonly message: string }

/** Own End-of-RIBs, and the removal of routes left from before, wait no longer than this for the peers. */
const DEFERRAL_SECONDS = 60
/** After the last Cease, for it to leave. */
const FAREWELL_MS = 100

/**
 * A BGP speaker: owns peers and tables, and is the only one that changes them.
 *
 *     connections ─ octets → Leg (session machine) → PeerRoutes ─ UPDATEs → Adj-RIB-In → decision → Loc-RIB
 *                                                                                           │
 *     connections ← octets ─ GroupMember ← UpdateGroup (Adj-RIB-Out, packer) ← flush ───────┤
 *                                                       kernel ← BestRouteFeed ─────────────┘
 */
export class Speaker {
  readonly #ports: SpeakerPorts
  readonly #options: SpeakerOptions
  readonly #tables: Tables
  readonly #distributions: readonly Distribution[]
  readonly #sweeps = new Sweeps()
  readonly #originations: Originations
  readonly #peers = new Map<string, Peer>()
  readonly #input: FairInput
  readonly #listeners: Listeners
  readonly #context: PeerContext
  #config: SpeakerConfig | undefined
  #feed: Feed | undefined
  #kicked = false
  #stopped = false
  #deferring = true
  readonly #reconsideration: Reconsideration
  /** Connections refused because nobody is configured for their source. */
  refusedConnections = 0

  constructor(ports: SpeakerPorts, options: SpeakerOptions = {}) {
    this.#ports = ports
    this.#options = options
    this.#tables = new Tables(ports.random, options.resolveNextHop)
    this.#distributions = [...this.#tables.distributions.values()]
    this.#originations = new Originations(this.#tables)
    this.#reconsideration = new Reconsideration(this.#tables.ribs.values())
    this.#input = new FairInput(ports.clock, () => this.#kick())
    this.#context = this.#makeContext()
    this.#listeners = new Listeners(
      ports,
      (connection) => this.#accept(connection),
      (port, error) => {
        options.onEvent?.({ type: 'ListenFailed', port, error })
      },
    )
    ports.clock.after(DEFERRAL_SECONDS * 1000, () => this.#endDeferral())
  }

  /** Makes `config` the whole configuration. What is the same goes on untouched. */
  apply(config: SpeakerConfig): void {
    const before = this.#config
    this.#config = config
    if (before !== undefined && identityKey(before) !== identityKey(config)) {
      for (const peer of this.#peers.values()) peer.stop(cease(CeaseError.OtherConfigurationChange))
    }
    if (this.#tables.decision.compareMedAlways(config.alwaysCompareMed === true)) this.#reconsideration.start()
    this.#originations.apply(config.originationSets)
    if (this.#feed !== undefined) this.#feed.maxPaths = config.maxPaths
    this.#listeners.apply(config)
    this.#applyPeers(config)
    this.#kick()
  }

  peers(): PeerStatus[] {
    return [...this.#peers.values()]
      .map((peer) => peer.status())
      .sort((a, b) => compareAddresses(a.remoteAddress, b.remoteAddress) || (a.name < b.name ? -1 : 1))
  }

  routes(query: RouteQuery): RoutePage {
    const sources = {
      tables: this.#tables,
      originations: this.#originations,
      peer: (name: string) => this.#peers.get(name),
      maxPaths: this.#config?.maxPaths ?? 1,
    }
    return routePage(sources, query)
  }

  /** Prefixes with a best route. */
  counts(): { ipv4: number; ipv6: number } {
    const { ribs } = this.#tables
    return { ipv4: ribs.get('ipv4-unicast')!.bestCount, ipv6: ribs.get('ipv6-unicast')!.bestCount }
  }

  /** Every peer that should have sent its End-of-RIB has, or the time for it is over (RFC 4724, section 4.1). */
  get converged(): boolean {
    return !this.#deferring
  }

  /** The first call begins to collect changes. */
  get feed(): BestRouteFeed {
    this.#feed ??= new Feed(
      this.#tables,
      () => !this.#deferring,
      () => this.#kick(),
    )
    this.#feed.maxPaths = this.#config?.maxPaths ?? 1
    return this.#feed
  }

  /** The resolver's answers may have changed. */
  nextHopsChanged(): void {
    if (this.#tables.nextHops.refresh().size === 0) return
    this.#reconsideration.start()
    this.#kick()
  }

  async stop(how: StopMode): Promise<void> {
    this.#stopped = true
    this.#listeners.close()
    const why = how.graceful ? undefined : cease(CeaseError.AdministrativeShutdown, how.message)
    for (const peer of this.#peers.values()) peer.stop(why)
    await new Promise<void>((resolve) => {
      this.#ports.clock.after(FAREWELL_MS, resolve)
    })
  }

  #makeContext(): PeerContext {
    return {
      ports: this.#ports,
      input: this.#input,
      tables: this.#tables,
      sweeps: this.#sweeps,
      originations: this.#originations,
      config: () => this.#config!,
      kick: () => this.#kick(),
      mayEndRib: () => !this.#deferring || this.#options.restarting !== true,
      stopped: () => this.#stopped,
      restarting: () => this.#deferring && this.#options.restarting === true,
      stateChanged: (peer, from, to, because) => {
        this.#ports.log.info({ peer: peer.name, from, to, reason: because }, `session ${to}`)
        this.#options.onEvent?.({ type: 'SessionChanged', peer: peer.name, from, to, because })
        this.#checkDeferral()
      },
      endOfRib: (peer, family) => {
        this.#ports.log.debug({ peer: peer.name, family: family.name }, 'End-of-RIB received')
        this.#checkDeferral()
      },
      ended: (peer) => this.#forget(peer),
    }
  }

  #applyPeers(config: SpeakerConfig): void {
    const wanted = new Map(config.peers.map((peer) => [peer.name, peer]))
    for (const peer of [...this.#peers.values()]) {
      const next = peer.range === undefined ? wanted.get(peer.name) : this.#stillMember(peer, config)
      const moved = next !== undefined && placeOf(next) !== placeOf(peer.config)
      if (next === undefined || moved) this.#remove(peer)
      else peer.reconfigure(next)
    }
    for (const peer of config.peers) {
      if (this.#peers.has(peer.name)) continue
      this.#peers.set(peer.name, new Peer(peer, this.#context))
    }
    for (const peer of this.#peers.values()) peer.start()
  }

  /** What a dynamic peer is now; undefined when its address is another range's, nobody's, or a configured peer's. */
  #stillMember({ range, config: { remoteAddress } }: Peer, config: SpeakerConfig): PeerConfig | undefined {
    const now = rangeOf(config.listenRanges, remoteAddress)
    if (now?.name !== range || config.peers.some((peer) => peer.remoteAddress === remoteAddress)) return undefined
    return now && memberOf(now, remoteAddress)
  }

  #remove(peer: Peer): void {
    this.#peers.delete(peer.name)
    peer.remove(cease(CeaseError.PeerDeconfigured))
  }

  #forget(peer: Peer): void {
    if (this.#peers.get(peer.name) !== peer) return
    this.#peers.delete(peer.name)
    peer.remove(undefined)
  }

  #accept(connection: Connection): void {
    if (this.#stopped || this.#config === undefined) return connection.destroy()
    const peer = this.#peerAt(connection) ?? this.#dynamicPeer(this.#config, connection)
    if (peer === undefined) {
      this.refusedConnections++
      this.#ports.log.warn({ remote: connection.remoteAddress }, 'connection refused: no peer is configured for it')
      return connection.destroy()
    }
    peer.accept(connection)
  }

  #peerAt(connection: Connection): Peer | undefined {
    const place = placeOf(connection)
    for (const peer of this.#peers.values()) if (placeOf(peer.config) === place) return peer
    return undefined
  }

  #dynamicPeer(config: SpeakerConfig, { remoteAddress }: Connection): Peer | undefined {
    const range = rangeOf(config.listenRanges, remoteAddress)
    if (range === undefined) return undefined
    const members = [...this.#peers.values()].filter((peer) => peer.range === range.name)
    if (members.length >= range.limit) {
      this.#ports.log.warn({ range: range.name, limit: range.limit }, 'connection refused: the listen range is full')
      return undefined
    }
    const peer = new Peer(memberOf(range, remoteAddress), this.#context, range.name)
    this.#peers.set(peer.name, peer)
    return peer
  }

  #kick(): void {
    if (this.#kicked) return
    this.#kicked = true
    this.#ports.clock.soon(() => this.#work())
  }

  /** One round: input that had to wait, a slice of every sweep, the changes so far to everybody, a step for those who lag. */
  #work(): void {
    this.#kicked = false
    if (this.#sweeps.busy) this.#sweeps.step()
    this.#reconsideration.step()
    const inputWaits = this.#input.round()
    let more = inputWaits || this.#sweeps.busy || this.#reconsideration.busy
    for (const distribution of this.#distributions) {
      distribution.flush()
      if (distribution.advance()) more = true
    }
    if (this.#feed?.waiting) this.#options.onEvent?.({ type: 'BestRoutesChanged' })
    if (more) this.#kick()
  }

  /** RFC 4724, section 4.1: routes are chosen, and told, once every peer that restarts with us has said all it has. */
  #checkDeferral(): void {
    if (!this.#deferring) return
    const waitedFor = [...this.#peers.values()].filter(({ config }) => !config.shutdown && !config.heldDown)
    if (waitedFor.length === 0) return
    const done = waitedFor.every(
      ({ negotiated, routes }) => negotiated && (!negotiated.gracefulRestart || routes.endOfRibReceived()),
    )
    if (done) this.#endDeferral()
  }

  #endDeferral(): void {
    if (!this.#deferring) return
    this.#deferring = false
    for (const peer of this.#peers.values()) peer.routes.endRibs()
    this.#options.onEvent?.({ type: 'BestRoutesChanged' })
  }
}

/** What every session was opened with. */
function identityKey({ asn, bgpIdentifier, clusterId }: SpeakerConfig): string {
  return JSON.stringify([asn, bgpIdentifier, clusterId])
}
