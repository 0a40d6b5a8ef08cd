import type { PeerConfig, PeerStatus, SessionState } from '../contract.ts'
import type { Connection, SpeakerPorts } from '../ports.ts'
import { isCollision, type Verdict } from '../session/collision.ts'
import type { Ending, Negotiated } from '../session/session.ts'
import type { FamilyRow } from '../wire/families.ts'
import { CeaseError, RefreshSubtype } from '../wire/iana.ts'
import { cease, type Notification } from '../wire/notification.ts'
import type { Open } from '../wire/open.ts'
import { Collisions } from './collisions.ts'
import { Endings } from './endings.ts'
import { Halt } from './halt.ts'
import { Leg, type LegHost, type MessageCounts } from './leg.ts'
import { MalformedLog } from './malformed-log.ts'
import { PeerRoutes } from './peer-routes.ts'
import { addCounts, peerStatus } from './peer-status.ts'
import { PrefixLimits } from './prefix-limits.ts'
import { Refreshes } from './refreshes.ts'
import { Retry } from './retry.ts'
import type { RouteContext } from './route-context.ts'
import { dialRequest, sessionConfig, sessionKey, ttlOptions } from './session-config.ts'
import { keepingOf, StaleRoutes } from './stale-routes.ts'

/** What a peer needs of the speaker. */
export interface PeerContext extends RouteContext {
  readonly ports: SpeakerPorts
  /** True while we restart: our OPEN says so (RFC 4724, section 3). */
  restarting(): boolean
  /** Nothing is begun any more. */
  stopped(): boolean
  stateChanged(peer: Peer, from: SessionState, to: SessionState, because: string): void
  endOfRib(peer: Peer, family: FamilyRow): void
  /** The last connection of a dynamic peer is gone. */
  ended(peer: Peer): void
}

const ORDER: readonly SessionState[] = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established']

/** A neighbour: up to one connection each way until one is established, when to try again, and its routes. */
export class Peer {
  readonly name: string
  /** Of a listen range: made by an incoming connection, gone with it. */
  readonly range: string | undefined
  readonly routes: PeerRoutes
  #config: PeerConfig
  readonly #context: PeerContext
  readonly #legs = new Set<Leg>()
  #established: { readonly leg: Leg; readonly negotiated: Negotiated } | undefined
  readonly #retry: Retry
  readonly #malformed: MalformedLog
  readonly #stale: StaleRoutes
  readonly #refreshes: Refreshes
  readonly #limits: PrefixLimits
  #timesEstablished = 0
  readonly #endings: Endings
  #since: number
  #shown: SessionState = 'Idle'
  #counts: MessageCounts = { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 }
  #removed = false
  /** Endings that we bring about ourselves call for no new attempt. */
  #stopping = false
  readonly #halt: Halt
  readonly #collisions: Collisions

  constructor(config: PeerConfig, context: PeerContext, range?: string) {
    this.name = config.name
    this.range = range
    this.#config = config
    this.#context = context
    this.#since = context.ports.clock.wallTime()
    this.#endings = new Endings(context.ports.log)
    this.#retry = new Retry(context.ports.clock, context.ports.random)
    this.#malformed = new MalformedLog(config.name, context.ports.clock, context.ports.log)
    this.#halt = new Halt(context.ports.clock)
    this.#collisions = new Collisions(context.ports.clock, this.#legs)
    this.routes = new PeerRoutes(config, context, {
      endOfRib: (family) => {
        this.#stale.endOfRib(family)
        context.endOfRib(this, family)
      },
      discarded: (findings, octets) => this.#malformed.note(findings, octets),
    })
    this.#refreshes = new Refreshes(this.name, context.ports.clock, context.ports.log, this.routes)
    this.#limits = new PrefixLimits((text) => context.ports.log.warn({ peer: this.name }, text))
    this.#stale = new StaleRoutes(context.ports.clock, this.routes)
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
    if (this.range !== undefined) return this.#forgetIfGone()
    // After a failure it is the timer that starts it: other changes of the configuration are no reason to hurry.
    if (this.#removed || this.#context.stopped() || this.#idleReason() !== undefined) return
    if (this.#legs.size > 0 || this.#retry.waiting) return
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
    const before = [...this.#legs]
    connection.configure(ttlOptions(this.#config))
    const leg = new Leg('passive', this.#sessionConfig(), this.#legHost())
    this.#legs.add(leg)
    // A peer that connects again has given up its earlier attempt. Only now, so that it is never without a connection.
    for (const other of before) {
      if (other.direction === 'passive' && other.state !== 'Established') {
        other.stop(cease(CeaseError.ConnectionCollision))
      }
    }
    leg.accept(connection)
  }

  /** Ends every connection; the peer may be started again. */
  stop(why: Notification | undefined): void {
    this.#retry.stop()
    this.#stopping = true
    for (const leg of [...this.#legs]) leg.stop(why)
    this.#stopping = false
  }

  /** Ends it for good; its routes go too. */
  remove(why: Notification | undefined): void {
    this.#removed = true
    this.stop(why)
    this.#stale.stop()
    this.#halt.lift()
    this.#malformed.stop()
    if (this.routes.slot !== 0) this.routes.down()
  }

  /** New configuration: what the session was negotiated with ends it, everything else is applied to it as it runs. */
  reconfigure(config: PeerConfig): void {
    const restart = sessionKey(config) !== sessionKey(this.#config)
    const limits = JSON.stringify(config.maxPrefixes) !== JSON.stringify(this.#config.maxPrefixes)
    this.#config = config
    if (limits) this.#halt.lift()
    if (restart) {
      const why = config.shutdown
        ? cease(CeaseError.AdministrativeShutdown, config.shutdown.message)
        : cease(CeaseError.OtherConfigurationChange)
      this.stop(why)
      // What was kept for a restart is of the session as it was.
      this.#stale.giveUp()
    }
    this.routes.reconfigure(config)
    this.start()
  }

  status(): PeerStatus {
    const messages = [...this.#legs].reduce((sum, { counts }) => addCounts(sum, counts), this.#counts)
    return peerStatus({
      config: this.#config,
      range: this.range,
      state: this.state,
      since: this.#since,
      idleReason: this.#idleReason() ?? (this.#retry.waiting ? 'waiting after a failure' : undefined),
      established: this.#established,
      routes: this.routes,
      endings: this.#endings,
      timesEstablished: this.#timesEstablished,
      messages,
    })
  }

  #legHost(): LegHost {
    const { ports } = this.#context
    return {
      clock: ports.clock,
      log: ports.log,
      jitter: () => 0.75 + ports.random() / 4,
      dial: (outcome) => ports.dialer.dial(dialRequest(this.#config), outcome),
      openArrived: (leg, open) => this.#openArrived(leg, open),
      stateChanged: (_, __, because) => this.#show(because),
      established: (leg, negotiated) => this.#up(leg, negotiated),
      update: (octets, start, end) => {
        this.routes.receive(octets, start, end)
        this.#checkLimits()
      },
      refreshAsked: (family, subtype) => this.#refresh(family, subtype),
      drained: () => this.routes.drained(),
      ended: (leg, ending) => this.#ended(leg, ending),
    }
  }

  #openArrived(leg: Leg, open: Open): Verdict {
    const local = { bgpIdentifier: this.#context.config().bgpIdentifier, asn: this.#config.localAsn }
    return this.#collisions.judge(leg, open, local)
  }

  #up(leg: Leg, negotiated: Negotiated): void {
    // An established one is dead, and its peer restarts: a word on it would end that.
    for (const other of [...this.#legs]) if (other !== leg && other.state === 'Established') other.stop(undefined)
    this.#collisions.established(leg)
    this.#established = { leg, negotiated }
    this.#since = this.#context.ports.clock.wallTime()
    this.#retry.succeeded()
    this.#timesEstablished++
    this.#stale.returned(negotiated)
    this.routes.up(negotiated, leg.channel())
    // When all is done: others look.
    this.#show('KEEPALIVE received')
  }

  #refresh(family: FamilyRow, subtype: number): void {
    if (subtype === RefreshSubtype.Request) this.routes.refresh(family)
    else if (!this.#established?.negotiated.enhancedRouteRefresh) return
    else if (subtype === RefreshSubtype.Begin) this.#refreshes.began(family)
    else this.#refreshes.ended(family)
  }

  #ended(leg: Leg, ending: Ending): void {
    this.#legs.delete(leg)
    this.#collisions.ended(leg)
    this.#counts = addCounts(this.#counts, leg.counts)
    const wasUp = this.#established?.leg === leg
    const needless = !wasUp && this.#isNeedless(ending)
    if (!needless) this.#endings.note(this.name, ending, this.#context.ports.clock.wallTime())
    if (wasUp) this.#down(ending)
    else if (!needless) this.#retry.failed()
    if (this.#removed) return
    if (this.range !== undefined) this.#forgetIfGone()
    else if (this.#legs.size === 0 && !this.#stopping) {
      if (this.#idleReason() === undefined) this.#retry.begin(() => this.start())
    }
  }

  /** It lost a collision, by our word, the peer's, or none at all; or it had not begun. */
  #isNeedless({ direction, notification }: Ending): boolean {
    if (direction === 'none' || isCollision(notification)) return true
    return direction === 'transport' && [...this.#legs].some(({ session }) => 'negotiated' in session)
  }

  /** A dynamic peer without a connection is kept only for what must be remembered of it. */
  #forgetIfGone(): void {
    if (this.#removed || this.#legs.size > 0 || this.#stale.waiting || this.#halt.because !== undefined) return
    this.#context.ended(this)
  }

  #down(ending: Ending): void {
    const { negotiated } = this.#established!
    this.#established = undefined
    this.#refreshes.stop()
    const ours = this.#context.config().gracefulRestart?.longLivedStaleSeconds ?? 0
    const keeping = this.#removed ? undefined : keepingOf(negotiated, ending.notification, ours)
    this.#stale.keep(keeping, () => {
      if (this.range !== undefined) this.#forgetIfGone()
    })
  }

  /** Throws when the session must end for too many prefixes. */
  #checkLimits(): void {
    const exceeded = this.#limits.check(this.#config, this.routes)
    if (exceeded === undefined) return
    this.#halt.begin(exceeded, () => this.start())
    throw exceeded.fault
  }

  #idleReason(): string | undefined {
    const { shutdown, heldDown } = this.#config
    if (shutdown) return `administratively down${shutdown.message ? `: ${shutdown.message}` : ''}`
    return heldDown ?? this.#halt.because
  }

  #show(because: string): void {
    const to = this.state
    const from = this.#shown
    if (to === from) return
    this.#shown = to
    this.#since = this.#context.ports.clock.wallTime()
    this.#context.stateChanged(this, from, to, because)
  }

  #sessionConfig() {
    const restarting = this.#context.restarting()
    // Between two sessions of one process nothing of the forwarding is lost.
    const forwardingKept = restarting || this.#timesEstablished > 0
    return sessionConfig(this.#context.config(), this.#config, { restarting, forwardingKept })
  }
}
