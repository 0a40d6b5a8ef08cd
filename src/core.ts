import type { BestRouteFeed, PeerStatus, RoutePage, RouteQuery, SpeakerConfig, SpeakerEvent } from '../bgp/contract.ts'
import type { Clock, Log } from '../bgp/ports.ts'
import type { StopMode } from '../bgp/speaker.ts'
import { API_VERSION, type KernelRouteItem, type Role, type StatusDocument } from './api/contract.ts'
import type { KernelRouteQuery, View } from './api/handlers.ts'
import type { DesiredState, KernelIntent, NodeStatus } from './contract.ts'
import { KernelFeed, type RouteInstaller } from './kernel-feed.ts'

/** The speaker, as far as the core needs it. */
export interface CoreSpeaker {
  apply(config: SpeakerConfig): void
  peers(): readonly PeerStatus[]
  routes(query: RouteQuery): RoutePage
  counts(): { readonly ipv4: number; readonly ipv6: number }
  /** The peers have sent the routes they have, or the time for it is over. */
  readonly converged: boolean
  /** Connections from addresses that no peer is configured for. */
  readonly refusedConnections: number
  /** Absent on a reflector: nobody takes its best routes. */
  readonly feed?: BestRouteFeed
  stop(how: StopMode): Promise<void>
}

/** The kernel side, as far as the core needs it. */
export interface CoreKernel extends RouteInstaller {
  configure(intent: KernelIntent): void
  /** All routes have been wanted that will be; what is left of an earlier run may go. */
  converged(): void
  /** All that was wanted so far is done, or cannot be. */
  readonly idle: boolean
  counts(): NonNullable<StatusDocument['kernelRoutes']>
  list(query: KernelRouteQuery): { readonly routes: readonly KernelRouteItem[]; readonly cursor?: string }
  close(how: { readonly keepRoutes: boolean }): Promise<void>
}

export interface CorePorts {
  readonly clock: Clock
  readonly log: Log
  readonly speaker: CoreSpeaker
  /** Absent on a reflector. */
  readonly kernel?: CoreKernel
  readonly workerRestarts: () => number
}

export interface CoreIdentity {
  readonly role: Role
  readonly node: string
  readonly version: string
  readonly source: string
}

/** Peers that never say that they have told all (RFC 4724, section 2) have when nothing has come for so long. */
const QUIET_MS = 3_000

/**
 * The routing core: puts desired states into force, keeps the kernel fed with best routes, and answers what is asked
 * about both. It runs on the main thread and does not know where desired states come from.
 */
export class Core implements View {
  readonly kernelRoutes?: (query: KernelRouteQuery) => ReturnType<CoreKernel['list']>

  readonly #ports: CorePorts
  readonly #identity: CoreIdentity
  readonly #startedAt: number
  readonly #feed: KernelFeed | undefined
  #desired: DesiredState | undefined
  #applied: { readonly at: number; readonly fromStateDir: boolean } | undefined
  #settled = false
  /** Since when so many routes are there, and no more have come. */
  #quiet: { readonly routes: number; readonly since: number } | undefined
  #control = { synced: false, detail: 'starting' }

  constructor(ports: CorePorts, identity: CoreIdentity) {
    this.#ports = ports
    this.#identity = identity
    this.#startedAt = ports.clock.wallTime()
    const { kernel } = ports
    const { feed } = ports.speaker
    if (kernel && feed) {
      this.#feed = new KernelFeed(ports.clock, feed, kernel)
      this.kernelRoutes = (query) => kernel.list(query)
    }
  }

  get hasApplied(): boolean {
    return this.#applied !== undefined
  }

  apply(desired: DesiredState, how: { readonly fromStateDir: boolean }): void {
    const { clock, kernel, log, speaker } = this.#ports
    // The kernel learns first what it must never install.
    if (desired.kernel && kernel) kernel.configure(desired.kernel)
    if (desired.kernel?.installLearned !== this.#desired?.kernel?.installLearned) this.#feed?.rewind()
    speaker.apply(desired.speaker)
    this.#desired = desired
    this.#applied = { at: clock.wallTime(), fromStateDir: how.fromStateDir }
    const { peers, listenRanges } = desired.speaker
    const counts = { peers: peers.length, ranges: listenRanges.length, problems: desired.problems.length }
    log.info({ ...counts, fromStateDir: how.fromStateDir }, 'configuration applied')
  }

  /** The control side says how it stands with the source of the configuration. */
  controlHealth(synced: boolean, detail: string): void {
    const before = this.#control
    this.#control = { synced, detail }
    if (synced === before.synced && detail === before.detail) return
    const { log } = this.#ports
    if (synced) log.info({ reason: detail }, 'the source of the configuration is in sync')
    else log.warn({ reason: detail }, 'the source of the configuration is not in sync')
  }

  speakerEvent(event: SpeakerEvent): void {
    switch (event.type) {
      case 'SessionChanged':
        // The speaker has logged it; the control side hears of it with the next status.
        return
      case 'BestRoutesChanged':
        this.#feed?.changed()
        return
      case 'ListenFailed':
        this.#ports.log.error({ port: event.port, reason: event.error }, 'cannot listen for sessions')
        return
    }
  }

  peers(): readonly PeerStatus[] {
    return this.#ports.speaker.peers()
  }

  routes(query: RouteQuery): RoutePage {
    return this.#ports.speaker.routes(query)
  }

  nodeStatus(): NodeStatus {
    const { kernel, speaker } = this.#ports
    return {
      sessions: speaker.peers(),
      ...(kernel && { kernel: kernel.counts() }),
      ribRoutes: speaker.counts(),
    }
  }

  status(): StatusDocument {
    const { clock, kernel, speaker, workerRestarts } = this.#ports
    const { source, ...identity } = this.#identity
    const config = this.#desired?.speaker
    const waitingFor = this.#waitingFor()
    const peers = speaker.peers()
    return {
      apiVersion: API_VERSION,
      kind: 'Status',
      ...identity,
      startedAt: new Date(this.#startedAt).toISOString(),
      uptimeSeconds: Math.round((clock.wallTime() - this.#startedAt) / 1000),
      ...(config && { asn: config.asn, bgpIdentifier: config.bgpIdentifier }),
      ...(config?.listen && { listenPort: config.listen.port }),
      ready: waitingFor.length === 0,
      waitingFor,
      configuration: {
        source,
        ...this.#control,
        ...(this.#applied && { appliedAt: new Date(this.#applied.at).toISOString() }),
        fromStateDir: this.#applied?.fromStateDir ?? false,
        workerRestarts: workerRestarts(),
      },
      sessions: {
        configured: peers.length,
        established: peers.filter((peer) => peer.state === 'Established').length,
        refusedConnections: speaker.refusedConnections,
      },
      ribRoutes: speaker.counts(),
      ...(kernel && { kernelRoutes: kernel.counts() }),
      announcements: this.#desired?.announcements ?? [],
      problems: this.#desired?.problems ?? [],
    }
  }

  /** To be called now and then: lets the kernel drop what an earlier run left, once the peers have told their routes. */
  settle(): void {
    if (this.#settled || !this.#applied || !this.#ports.speaker.converged || !this.#routesHaveCome()) return
    this.#settled = true
    this.#ports.kernel?.converged()
  }

  #routesHaveCome(): boolean {
    const { clock, speaker } = this.#ports
    const { ipv4, ipv6 } = speaker.counts()
    const routes = ipv4 + ipv6
    if (this.#quiet?.routes !== routes) this.#quiet = { routes, since: clock.now() }
    if (this.#feed?.idle === false) return false
    const established = speaker.peers().filter(({ state }) => state === 'Established')
    const allEnded = established.every(({ families }) => families.every((family) => family.endOfRibReceived))
    return allEnded || clock.now() - this.#quiet.since >= QUIET_MS
  }

  /** With graceful restart routes stay and the peers are told nothing; without it they are told why. */
  async stop(reason: string): Promise<void> {
    const { kernel, speaker } = this.#ports
    const graceful = this.#desired?.speaker.gracefulRestart !== undefined
    await speaker.stop(graceful ? { graceful } : { graceful, message: reason })
    this.#feed?.stop()
    // Without a configuration it is not known which routes may go.
    await kernel?.close({ keepRoutes: graceful || !this.#desired })
  }

  #waitingFor(): string[] {
    const { speaker } = this.#ports
    if (!this.#applied) return [`the configuration (${this.#control.detail})`]
    return [
      ...(this.#control.synced ? [] : [`the source of the configuration (${this.#control.detail})`]),
      ...(speaker.converged ? [] : ['the first routes of the peers']),
      ...(this.#feed?.idle === false || this.#ports.kernel?.idle === false ? ['the kernel to take the routes'] : []),
    ]
  }
}
