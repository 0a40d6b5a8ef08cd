import type { PeerConfig, PeerStatus, SessionError, SessionState } from './contract.ts'
import { PeerRoutes, type RouteContext } from './peer-routes.ts'
import type { Connection, DialOutcome, SpeakerPorts } from './ports.ts'
import { survivor } from './session/collision.ts'
import { idleHoldSeconds } from './session/damping.ts'
import { Leg, type LegHost } from './session/leg.ts'
import type { Ending, Negotiated, SessionConfig } from './session/session.ts'
import { describeCapabilities } from './wire/capabilities.ts'
import { type FamilyRow, familyByName } from './wire/families.ts'
import { PeerFault } from './wire/faults.ts'
import { CeaseError, NotificationCode } from './wire/iana.ts'
import { cease, type Notification } from './wire/notification.ts'
import type { Open } from './wire/open.ts'

/** What a peer needs of the speaker. */
export interface PeerContext extends RouteContext {
  readonly ports: SpeakerPorts
  /** True while we restart: our OPEN says so (RFC 4724, section 3). */
  restarting(): boolean
  stateChanged(peer: Peer, from: SessionState, to: SessionState, because: string): void
  endOfRib(peer: Peer, family: FamilyRow): void
  /** The last connection of a dynamic peer is gone. */
  ended(peer: Peer): void
}

const ORDER: readonly SessionState[] = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established']

/**
 * A neighbour: up to one connection in each direction while they are being set up, one when established; when to try
 * again; and its routes.
 */
export class Peer {
  readonly name: string
  /** Of a listen range: made by an incoming connection, gone with it. */
  readonly range: string | undefined
  readonly routes: PeerRoutes
  #config: PeerConfig
  readonly #context: PeerContext
  readonly #legs = new Set<Leg>()
  #established: { readonly leg: Leg; readonly negotiated: Negotiated } | undefined
  #cancelRestart: (() => void) | undefined
  #cancelStaleTimer: (() => void) | undefined
  #failures = 0
  #timesEstablished = 0
  #lastError: SessionError | undefined
  #since: number
  #shown: SessionState = 'Idle'
  #counts = { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 }
  #removed = false
  /** Endings that we bring about ourselves call for no new attempt. */
  #stopping = false
  /** Over the prefix limit: stays down until the operator or the time says otherwise. */
  #haltedBecause: string | undefined

  constructor(config: PeerConfig, context: PeerContext, range?: string) {
    this.name = config.name
    this.range = range
    this.#config = config
    this.#context = context
    this.#since = context.ports.clock.wallTime()
    this.routes = new PeerRoutes(
      config,
      context,
      (findings, octets) => {
        const what = findings.map((finding) => `${finding.what} (${finding.remedy})`)
        const hex = Buffer.from(octets.subarray(0, 64)).toString('hex')
        context.ports.log.warn({ peer: this.name, what, octets: hex }, 'malformed UPDATE, session kept (RFC 7606)')
      },
      (family) => context.endOfRib(this, family),
    )
  }

  get config(): PeerConfig {
    return this.#config
  }

  get state(): SessionState {
    let most: SessionState = 'Idle'
    for (const { state } of this.#legs) if (ORDER.indexOf(state) > ORDER.indexOf(most)) most = state
    return most
  }

  get negotiated(): Negotiated | undefined {
    return this.#established?.negotiated
  }

  /** Begins to try, unless something holds the peer down. */
  start(): void {
    if (this.#removed || this.range !== undefined || this.#idleReason() !== undefined || this.#legs.size > 0) return
    this.#cancelRestart?.()
    this.#cancelRestart = undefined
    const leg = new Leg('active', this.#sessionConfig(), this.#legHost())
    this.#legs.add(leg)
    leg.start()
  }

  /** An incoming connection from the peer's address. */
  accept(connection: Connection): void {
    const reason = this.#idleReason()
    if (reason !== undefined || this.#removed) {
      this.#context.ports.log.info({ peer: this.name, reason }, 'connection refused')
      return connection.destroy()
    }
    // A peer that connects again has given up its earlier attempt.
    for (const leg of this.#legs) {
      if (leg.direction === 'passive' && leg.state !== 'Established') leg.stop(cease(CeaseError.ConnectionCollision))
    }
    connection.configure(ttlOptions(this.#config))
    const leg = new Leg('passive', this.#sessionConfig(), this.#legHost())
    this.#legs.add(leg)
    leg.accept(connection)
  }

  /** Ends every connection; the peer may be started again. */
  stop(why: Notification | undefined): void {
    this.#cancelRestart?.()
    this.#cancelRestart = undefined
    this.#stopping = true
    for (const leg of [...this.#legs]) leg.stop(why)
    this.#stopping = false
  }

  /** Ends it for good; its routes go too. */
  remove(why: Notification | undefined): void {
    this.#removed = true
    this.stop(why)
    this.#cancelStaleTimer?.()
    if (this.routes.slot !== 0) this.routes.down()
  }

  /** New configuration: what the session was negotiated with ends it, everything else is applied to it as it runs. */
  reconfigure(config: PeerConfig): void {
    const restart = sessionKey(config) !== sessionKey(this.#config)
    const limits = JSON.stringify(config.maxPrefixes) !== JSON.stringify(this.#config.maxPrefixes)
    this.#config = config
    if (limits) this.#haltedBecause = undefined
    if (restart) {
      const why = config.shutdown
        ? cease(CeaseError.AdministrativeShutdown, config.shutdown.message)
        : cease(CeaseError.OtherConfigurationChange)
      this.stop(why)
    }
    this.routes.reconfigure(config)
    this.start()
  }

  status(): PeerStatus {
    const config = this.#config
    const negotiated = this.#established?.negotiated
    const idleReason = this.#idleReason() ?? (this.#cancelRestart ? 'waiting after a failure' : undefined)
    const localAddress = this.#established?.leg.connection?.localAddress ?? config.localAddress
    return {
      name: this.name,
      ...(this.range === undefined ? {} : { range: this.range }),
      remoteAddress: config.remoteAddress,
      remoteAsn: negotiated?.remoteAsn ?? config.remoteAsn,
      localAsn: config.localAsn,
      ...(localAddress === undefined ? {} : { localAddress }),
      type: negotiated?.type ?? this.#expectedType(),
      routeReflectorClient: config.routeReflectorClient,
      state: this.state,
      ...(idleReason === undefined || this.state === 'Established' ? {} : { idleReason }),
      since: this.#since,
      ...(negotiated === undefined
        ? {}
        : {
            remoteBgpIdentifier: negotiated.remoteBgpIdentifier,
            timers: { holdSeconds: negotiated.holdSeconds, keepaliveSeconds: negotiated.keepaliveSeconds },
            capabilities: {
              sent: describeCapabilities(negotiated.sent),
              received: describeCapabilities(negotiated.received),
            },
          }),
      families: this.routes.status(),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
      timesEstablished: this.#timesEstablished,
      messages: this.#messages(),
      discarded: this.routes.discarded,
    }
  }

  #legHost(): LegHost {
    const { ports } = this.#context
    return {
      clock: ports.clock,
      log: ports.log,
      jitter: () => 0.75 + ports.random() / 4,
      dial: (outcome) => this.#dial(outcome),
      openArrived: (leg, open) => this.#collide(leg, open),
      stateChanged: (_, __, because) => this.#show(because),
      established: (leg, negotiated) => this.#up(leg, negotiated),
      update: (octets, start, end) => {
        this.routes.receive(octets, start, end)
        this.#checkLimits()
      },
      refreshAsked: (family, subtype) => {
        if (subtype === 0) this.routes.refresh(family)
      },
      drained: () => this.routes.drained(),
      ended: (leg, ending) => this.#ended(leg, ending),
    }
  }

  #dial(outcome: DialOutcome): () => void {
    const { remoteAddress, port, localAddress, password } = this.#config
    return this.#context.ports.dialer.dial(
      {
        remoteAddress,
        port,
        ...(localAddress === undefined ? {} : { localAddress }),
        ...(password === undefined ? {} : { password }),
        ...ttlOptions(this.#config),
      },
      outcome,
    )
  }

  /** RFC 4271, section 6.8. The loser gets a Cease; `leg` itself may be the loser. */
  #collide(leg: Leg, open: Open): Notification | undefined {
    const rival = [...this.#legs].find((other) => other !== leg && isNegotiated(other))
    if (rival === undefined) return undefined
    if (rival.state === 'Established') {
      // RFC 4724, section 4.2: a peer that restarts has lost the old connection without saying so.
      if (!this.#established?.negotiated.gracefulRestart || !open.capabilities.gracefulRestart) {
        return cease(CeaseError.ConnectionCollision)
      }
      rival.stop(undefined)
      return undefined
    }
    const local = { bgpIdentifier: this.#context.config().bgpIdentifier, asn: this.#config.localAsn }
    if (survivor(local, open) !== leg.direction) return cease(CeaseError.ConnectionCollision)
    rival.stop(cease(CeaseError.ConnectionCollision))
    return undefined
  }

  #up(leg: Leg, negotiated: Negotiated): void {
    for (const other of [...this.#legs]) if (other !== leg) other.stop(cease(CeaseError.ConnectionCollision))
    this.#established = { leg, negotiated }
    this.#failures = 0
    this.#timesEstablished++
    this.#keepStaleFor(negotiated)
    const connection = leg.connection!
    this.routes.up(negotiated, {
      write: (octets, messages) => leg.write(octets, messages),
      get unsentOctets() {
        return connection.unsentOctets
      },
      localAddress: connection.localAddress,
      interfaceName: connection.interfaceName,
    })
  }

  /** RFC 4724, section 4.2: routes of a family whose forwarding was not kept are stale no longer but gone. */
  #keepStaleFor(negotiated: Negotiated): void {
    if (this.#cancelStaleTimer === undefined) return
    this.#cancelStaleTimer()
    this.#cancelStaleTimer = undefined
    const { gracefulRestart } = negotiated
    for (const family of negotiated.families) {
      const kept = gracefulRestart?.families.find((row) => row.family === family)?.forwardingKept
      if (!kept) this.routes.sweepStale(family)
    }
    const seconds = gracefulRestart?.restartSeconds ?? 0
    // A peer that never sends its End-of-RIB does not keep stale routes for ever.
    this.#cancelStaleTimer = this.#context.ports.clock.after((seconds + STALE_GRACE_SECONDS) * 1000, () => {
      this.#cancelStaleTimer = undefined
      this.routes.sweepStale()
    })
  }

  #ended(leg: Leg, ending: Ending): void {
    this.#legs.delete(leg)
    this.#addCounts(leg)
    const wasUp = this.#established?.leg === leg
    if (!isCollision(ending) || wasUp) this.#lastError = this.#errorOf(ending)
    if (wasUp) this.#down(ending)
    else if (!isCollision(ending)) this.#failures++
    if (this.#removed) return
    if (this.range !== undefined) {
      if (this.#legs.size === 0 && this.#cancelStaleTimer === undefined) this.#context.ended(this)
    } else if (this.#legs.size === 0 && !this.#stopping) {
      this.#restartIn(idleHoldSeconds(this.#failures))
    }
  }

  #down(ending: Ending): void {
    const { gracefulRestart } = this.#established!.negotiated
    this.#established = undefined
    // RFC 4724, section 4.2: only a connection that is lost without a NOTIFICATION is a restart.
    const restartSeconds = gracefulRestart?.restartSeconds ?? 0
    const lost = ending.notification === undefined && restartSeconds > 0 && !this.#removed
    const keep = lost ? (gracefulRestart?.families ?? []).map(({ family }) => family) : []
    this.routes.down(keep)
    if (keep.length === 0) return
    this.#cancelStaleTimer?.()
    this.#cancelStaleTimer = this.#context.ports.clock.after(restartSeconds * 1000, () => {
      this.#cancelStaleTimer = undefined
      if (this.#established !== undefined) return
      this.routes.down()
      if (this.range !== undefined && this.#legs.size === 0) this.#context.ended(this)
    })
  }

  #restartIn(seconds: number): void {
    if (this.#idleReason() !== undefined) return
    const { clock, random } = this.#context.ports
    this.#cancelRestart?.()
    this.#cancelRestart = clock.after(seconds * 1000 * (0.75 + random() / 4), () => {
      this.#cancelRestart = undefined
      this.start()
    })
  }

  #checkLimits(): void {
    const { maxPrefixes: limits } = this.#config
    if (limits === undefined) return
    for (const [limit, version] of [
      [limits.ipv4, 4],
      [limits.ipv6, 6],
    ] as const) {
      if (limit === undefined || this.routes.receivedOf(version) <= limit) continue
      if (limits.action === 'warn' || limits.action === 'discard') continue
      const family = familyByName(version === 4 ? 'ipv4-unicast' : 'ipv6-unicast')
      this.#halt(limits.action, limits.restartSeconds, `more than ${limit} ${family.name} prefixes`)
      const data = [family.afi >> 8, family.afi & 0xff, family.safi, ...uint32(limit)]
      throw new PeerFault(NotificationCode.Cease, CeaseError.MaximumPrefixes, this.#haltedBecause!, data)
    }
  }

  /** RFC 4486, section 4: after too many prefixes the session stays down, for a time or until somebody looks. */
  #halt(action: 'restart' | 'shutdown', restartSeconds: number, why: string): void {
    this.#haltedBecause = `${why}: ${action === 'shutdown' ? 'shut down' : `restarts in ${restartSeconds} s`}`
    if (action === 'shutdown') return
    this.#context.ports.clock.after(restartSeconds * 1000, () => {
      this.#haltedBecause = undefined
      this.start()
    })
  }

  #idleReason(): string | undefined {
    const { shutdown, heldDown } = this.#config
    if (shutdown) return `administratively down${shutdown.message ? `: ${shutdown.message}` : ''}`
    return heldDown ?? this.#haltedBecause
  }

  #show(because: string): void {
    const to = this.state
    const from = this.#shown
    if (to === from) return
    this.#shown = to
    this.#since = this.#context.ports.clock.wallTime()
    this.#context.stateChanged(this, from, to, because)
  }

  #errorOf({ direction, notification: why, text }: Ending): SessionError {
    const at = this.#context.ports.clock.wallTime()
    return { direction, text, at, ...(why === undefined ? {} : { code: why.code, subcode: why.subcode }) }
  }

  #expectedType(): 'internal' | 'external' | 'unknown' {
    const { remoteAsn, localAsn } = this.#config
    if (typeof remoteAsn !== 'number') return remoteAsn
    return remoteAsn === localAsn ? 'internal' : 'external'
  }

  #addCounts(leg: Leg): void {
    for (const key of ['received', 'sent', 'updatesReceived', 'updatesSent'] as const) {
      this.#counts[key] += leg.counts[key]
    }
  }

  #messages(): PeerStatus['messages'] {
    const sum = { ...this.#counts }
    for (const { counts } of this.#legs) {
      for (const key of ['received', 'sent', 'updatesReceived', 'updatesSent'] as const) sum[key] += counts[key]
    }
    return sum
  }

  #sessionConfig(): SessionConfig {
    const config = this.#config
    const speaker = this.#context.config()
    const families = config.families.map(familyByName)
    const { gracefulRestart } = speaker
    return {
      localAsn: config.localAsn,
      remoteAsn: config.remoteAsn,
      bgpIdentifier: speaker.bgpIdentifier,
      holdSeconds: config.timers.holdSeconds,
      keepaliveSeconds: config.timers.keepaliveSeconds,
      connectRetrySeconds: config.timers.connectRetrySeconds,
      passive: config.passive,
      offers: {
        families,
        routeRefresh: true,
        enhancedRouteRefresh: false,
        extendedMessage: true,
        fourOctetAsn: config.localAsn,
        ...(gracefulRestart && {
          gracefulRestart: {
            restarting: this.#context.restarting(),
            notification: false,
            restartSeconds: gracefulRestart.restartSeconds,
            families: families.map((family) => ({ family, forwardingKept: this.#context.restarting() })),
          },
        }),
      },
    }
  }
}

/** After a session is back, stale routes wait this much longer for an End-of-RIB. */
const STALE_GRACE_SECONDS = 30

/** RFC 4271 speaks to external peers one hop away; GTSM sends with 255 and accepts nothing that came farther (RFC 5082). */
function ttlOptions(config: PeerConfig): { ttl?: number; minimumTtl?: number } {
  if (config.ttlSecurityHops !== undefined) return { ttl: 255, minimumTtl: 256 - config.ttlSecurityHops }
  if (config.multihopTtl !== undefined) return { ttl: config.multihopTtl }
  return config.remoteAsn === 'internal' || config.remoteAsn === config.localAsn ? {} : { ttl: 1 }
}

/** What cannot be changed on a running session. */
function sessionKey(config: PeerConfig): string {
  const { remoteAddress, port, localAddress, remoteAsn, localAsn, families, timers, password, passive } = config
  const { multihopTtl, ttlSecurityHops, routeReflectorClient, allowOwnAsn, shutdown, heldDown } = config
  return JSON.stringify([
    [remoteAddress, port, localAddress, remoteAsn, localAsn, families, timers, password, passive],
    [multihopTtl, ttlSecurityHops, routeReflectorClient, allowOwnAsn, shutdown, heldDown],
  ])
}

function isNegotiated({ state }: Leg): boolean {
  return state === 'OpenConfirm' || state === 'Established'
}

function isCollision({ notification: why }: Ending): boolean {
  return why?.code === NotificationCode.Cease && why.subcode === CeaseError.ConnectionCollision
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}
