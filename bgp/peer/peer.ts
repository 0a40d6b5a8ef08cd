import type { PeerConfig, PeerStatus, SessionState } from '../contract.ts'
import type { FairInput } from '../fair-input.ts'
import type { Connection, SpeakerPorts } from '../ports.ts'
import type { Verdict } from '../session/collision.ts'
import type { Ending, Negotiated } from '../session/session.ts'
import { FAMILIES, type FamilyRow } from '../wire/families.ts'
import { CeaseError, RefreshSubtype } from '../wire/iana.ts'
import { cease, type Notification } from '../wire/notification.ts'
import type { Open } from '../wire/open.ts'
import { Connections } from './connections.ts'
import { Endings } from './endings.ts'
import { Halt } from './halt.ts'
import type { Leg, LegHost } from './leg.ts'
import { MalformedLog } from './malformed-log.ts'
import { OverLimit } from './over-limit.ts'
import { PeerRoutes } from './peer-routes.ts'
import { peerStatus } from './peer-status.ts'
import { type LimitExceeded, limitOf, PrefixLimits } from './prefix-limits.ts'
import { Refreshes } from './refreshes.ts'
import { Retry } from './retry.ts'
import type { RouteContext } from './route-context.ts'
import { dialRequest, sessionConfig, sessionKey, ttlOptions } from './session-config.ts'
import { keepingOf, StaleRoutes } from './stale-routes.ts'

/** What a peer needs of the speaker. */
export interface PeerContext extends RouteContext {
  readonly ports: SpeakerPorts
  readonly input: FairInput
  /** True while we restart: our OPEN says so (RFC 4724, section 3). */
  restarting(): boolean
  /** Nothing is begun any more. */
  stopped(): boolean
  stateChanged(peer: Peer, from: SessionState, to: SessionState, because: string): void
  endOfRib(peer: Peer, family: FamilyRow): void
  /** The last connection of a dynamic peer is gone. */
  ended(peer: Peer): void
}

/** A neighbour: its connections, when to try again, and its routes. */
export class Peer {
  readonly name: string
  /** Of a listen range: made by an incoming connection, gone with it. */
  readonly range: string | undefined
  readonly routes: PeerRoutes
  #config: PeerConfig
  readonly #context: PeerContext
  readonly #connections: Connections
  #established: { readonly leg: Leg; readonly negotiated: Negotiated } | undefined
  readonly #retry: Retry
  readonly #malformed: MalformedLog
  readonly #stale: StaleRoutes
  readonly #refreshes: Refreshes
  readonly #limits: PrefixLimits
  readonly #overLimit: OverLimit
  #timesEstablished = 0
  readonly #endings: Endings
  #since: number
  #shown: SessionState = 'Idle'
  #removed = false
  readonly #halt: Halt

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
    this.#connections = new Connections(context.ports.clock)
    this.routes = new PeerRoutes(config, context, {
      endOfRib: (family) => {
        this.#stale.endOfRib(family)
        context.endOfRib(this, family)
      },
      discarded: (findings, octets) => this.#malformed.note(findings, octets),
    })
    this.#refreshes = new Refreshes(this.name, context.ports.clock, context.ports.log, this.routes)
    this.#overLimit = new OverLimit(this.name, context.ports.clock, context.ports.log, this.routes)
    this.#limits = new PrefixLimits((text) => context.ports.log.warn({ peer: this.name }, text))
    this.#stale = new StaleRoutes(context.ports.clock, this.routes)
  }

  get config(): PeerConfig {
    return this.#config
  }

  get state(): SessionState {
    return this.#connections.state
  }

  get negotiated(): Negotiated | undefined {
    return this.#established?.negotiated
  }

  /** Begins to try, unless something holds the peer down. */
  start(): void {
    if (this.range !== undefined) return this.#forgetIfGone()
    // After a failure it is the timer that starts it: other changes of the configuration are no reason to hurry.
    if (this.#removed || this.#context.stopped() || this.#idleReason() !== undefined) return
    if (this.#connections.size > 0 || this.#retry.waiting) return
    this.#connections.add('active', this.#sessionConfig(), this.#legHost()).start()
  }

  /** An incoming connection from the peer's address. */
  accept(connection: Connection): void {
    const reason = this.#idleReason()
    if (reason !== undefined || this.#removed) {
      this.#context.ports.log.info({ peer: this.name, reason }, 'connection refused')
      return connection.destroy()
    }
    connection.configure(ttlOptions(this.#config))
    this.#connections.add('passive', this.#sessionConfig(), this.#legHost()).accept(connection)
  }

  /** Ends every connection; the peer may be started again. */
  stop(why: Notification | undefined): void {
    this.#retry.stop()
    this.#connections.stop(why)
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
    const rekey = config.password !== this.#config.password
    this.#config = config
    if (restart) {
      const why = config.shutdown
        ? cease(CeaseError.AdministrativeShutdown, config.shutdown.message)
        : cease(CeaseError.OtherConfigurationChange)
      this.stop(why)
      // What was kept for a restart is of the session as it was.
      this.#stale.giveUp()
    } else if (rekey) this.#rekey(config.password!)
    this.routes.reconfigure(config)
    if (limits) this.#applyLimits()
    this.start()
  }

  status(): PeerStatus {
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
      messages: this.#connections.counts,
    })
  }

  #legHost(): LegHost {
    const { ports, input } = this.#context
    return {
      clock: ports.clock,
      log: ports.log,
      jitter: () => 0.75 + ports.random() / 4,
      dial: (outcome) => ports.dialer.dial(dialRequest(this.#config), outcome),
      dialFailed: (text) => this.#endings.attemptFailed(text, ports.clock.wallTime()),
      inTurn: (connection, handlers) => input.inTurn(connection, handlers),
      openArrived: (leg, open) => this.#openArrived(leg, open),
      stateChanged: (_, __, because) => this.#show(because),
      established: (leg, negotiated) => this.#up(leg, negotiated),
      update: (octets, start, end) => {
        this.routes.receive(octets, start, end)
        const exceeded = this.#checkLimits()
        if (exceeded !== undefined) throw exceeded.fault
      },
      refreshAsked: (family, subtype) => this.#refresh(family, subtype),
      drained: () => this.routes.drained(),
      ended: (leg, ending) => this.#ended(leg, ending),
    }
  }

  #openArrived(leg: Leg, open: Open): Verdict {
    const local = { bgpIdentifier: this.#context.config().bgpIdentifier, asn: this.#config.localAsn }
    return this.#connections.collisions.judge(leg, open, local)
  }

  #up(leg: Leg, negotiated: Negotiated): void {
    this.#connections.replaceBy(leg)
    this.#established = { leg, negotiated }
    this.#since = this.#context.ports.clock.wallTime()
    this.#retry.succeeded()
    this.#endings.lastAttempt = undefined
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

  /** Sessions go on with the new key, attempts with the old one are made anew, and waits are over. */
  #rekey(password: string): void {
    this.#retry.stop()
    this.#connections.setPassword(password, (error) => {
      this.#context.ports.log.error({ peer: this.name, err: error }, 'the kernel refused a TCP MD5 password')
    })
  }

  #ended(leg: Leg, ending: Ending): void {
    const matters = this.#connections.remove(leg, ending)
    const wasUp = this.#established?.leg === leg
    const at = this.#context.ports.clock.wallTime()
    if (wasUp || (matters && ending.direction !== 'transport')) this.#endings.note(this.name, ending, at)
    else if (matters) this.#endings.attemptFailed(ending.text, at)
    if (wasUp) this.#down(ending)
    else if (matters) this.#retry.failed()
    // Only now, for another one may come up at once.
    this.#connections.collisions.ended(leg)
    if (this.#removed) return
    if (this.range !== undefined) this.#forgetIfGone()
    else if (this.#connections.size === 0 && !this.#connections.stopping) {
      if (this.#idleReason() === undefined) this.#retry.begin(() => this.start())
    }
  }

  /** A dynamic peer without a connection is kept only for what must be remembered of it. */
  #forgetIfGone(): void {
    if (this.#removed || this.#connections.size > 0 || this.#stale.waiting || this.#halt.because !== undefined) return
    this.#context.ended(this)
  }

  #down(ending: Ending): void {
    const { negotiated } = this.#established!
    this.#established = undefined
    this.#refreshes.stop()
    this.#overLimit.stop()
    const ours = this.#context.config().gracefulRestart?.longLivedStaleSeconds ?? 0
    const keeping = this.#removed ? undefined : keepingOf(negotiated, ending.notification, ours)
    this.#stale.keep(keeping, () => {
      if (this.range !== undefined) this.#forgetIfGone()
    })
  }

  /** The session must end for what this gives. */
  #checkLimits(): LimitExceeded | undefined {
    this.#overLimit.check(this.#config)
    const exceeded = this.#limits.check(this.#config, this.routes)
    if (exceeded !== undefined) this.#halt.begin(exceeded, () => this.start())
    return exceeded
  }

  /** The limits have changed, with or without a session. */
  #applyLimits(): void {
    this.#halt.lift()
    if (this.#established === undefined) return
    if (this.#config.maxPrefixes?.action === 'discard') {
      for (const family of FAMILIES) this.routes.trim(family, limitOf(this.#config, family) ?? Number.POSITIVE_INFINITY)
    }
    const exceeded = this.#checkLimits()
    if (exceeded !== undefined) this.stop(exceeded.fault.notification)
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
