import type { PeerConfig, PeerStatus, SessionState } from '../contract.ts'
import type { Connection, SpeakerPorts } from '../ports.ts'
import { isCollision, judgeCollision } from '../session/collision.ts'
import { idleHoldSeconds } from '../session/damping.ts'
import type { Ending, Negotiated } from '../session/session.ts'
import type { FamilyRow } from '../wire/families.ts'
import { CeaseError } from '../wire/iana.ts'
import { cease, type Notification } from '../wire/notification.ts'
import type { Open } from '../wire/open.ts'
import { Endings } from './endings.ts'
import { Halt } from './halt.ts'
import { Leg, type LegHost, type MessageCounts } from './leg.ts'
import { PeerRoutes } from './peer-routes.ts'
import { addCounts, peerStatus } from './peer-status.ts'
import { PrefixLimits } from './prefix-limits.ts'
import type { RouteContext } from './route-context.ts'
import { dialRequest, sessionConfig, sessionKey, ttlOptions } from './session-config.ts'
import { StaleRoutes } from './stale-routes.ts'

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
  #cancelRestart: (() => void) | undefined
  readonly #stale: StaleRoutes
  readonly #limits: PrefixLimits
  #failures = 0
  #timesEstablished = 0
  readonly #endings: Endings
  #since: number
  #shown: SessionState = 'Idle'
  #counts: MessageCounts = { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 }
  #removed = false
  /** Endings that we bring about ourselves call for no new attempt. */
  #stopping = false
  readonly #halt: Halt

  constructor(config: PeerConfig, context: PeerContext, range?: string) {
    this.name = config.name
    this.range = range
    this.#config = config
    this.#context = context
    this.#since = context.ports.clock.wallTime()
    this.#endings = new Endings(context.ports.log)
    this.#halt = new Halt(context.ports.clock)
    this.routes = new PeerRoutes(config, context, {
      endOfRib: (family) => context.endOfRib(this, family),
      discarded: (findings, octets) => {
        const what = findings.map((finding) => `${finding.what} (${finding.remedy})`)
        const hex = Buffer.from(octets.subarray(0, 64)).toString('hex')
        context.ports.log.warn({ peer: this.name, what, octets: hex }, 'malformed UPDATE, session kept (RFC 7606)')
      },
    })
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
    if (this.#removed || this.#idleReason() !== undefined || this.#legs.size > 0 || this.#cancelRestart) return
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
    this.#stale.stop()
    this.#halt.lift()
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
      idleReason: this.#idleReason() ?? (this.#cancelRestart ? 'waiting after a failure' : undefined),
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

  /** RFC 4271, section 6.8. The loser gets a Cease; `leg` itself may be the loser. */
  #collide(leg: Leg, open: Open): Notification | undefined {
    const rival = [...this.#legs].find((other) => other !== leg && isNegotiated(other))
    if (rival === undefined) return undefined
    const local = { bgpIdentifier: this.#context.config().bgpIdentifier, asn: this.#config.localAsn }
    const goes = judgeCollision(local, leg.direction, open, {
      established: rival.state === 'Established',
      gracefulRestart: this.#established?.negotiated.gracefulRestart !== undefined,
    })
    if (goes === 'this one') return cease(CeaseError.ConnectionCollision)
    if (goes === 'the rival') rival.stop(cease(CeaseError.ConnectionCollision))
    return undefined
  }

  #up(leg: Leg, negotiated: Negotiated): void {
    const others = [...this.#legs].filter((other) => other !== leg)
    // An established one is dead, and its peer restarts: a word on it would end that.
    others.find(({ state }) => state === 'Established')?.stop(undefined)
    this.#established = { leg, negotiated }
    this.#since = this.#context.ports.clock.wallTime()
    this.#failures = 0
    this.#timesEstablished++
    this.#stale.returned(negotiated)
    this.routes.up(negotiated, leg.channel())
    // Before the losers of a collision go: their end is not why this session is up. And when all is done: others look.
    this.#show('KEEPALIVE received')
    for (const other of others) other.stop(cease(CeaseError.ConnectionCollision))
  }

  #ended(leg: Leg, ending: Ending): void {
    this.#legs.delete(leg)
    this.#counts = addCounts(this.#counts, leg.counts)
    const wasUp = this.#established?.leg === leg
    const collided = isCollision(ending.notification) && !wasUp
    if (!collided) this.#endings.note(this.name, ending, this.#context.ports.clock.wallTime())
    if (wasUp) this.#down(ending)
    else if (!collided) this.#failures++
    if (this.#removed) return
    if (this.range !== undefined) this.#forgetIfGone()
    else if (this.#legs.size === 0 && !this.#stopping) {
      this.#restartIn(idleHoldSeconds(this.#failures))
    }
  }

  /** A dynamic peer without a connection is kept only for what must be remembered of it. */
  #forgetIfGone(): void {
    if (this.#removed || this.#legs.size > 0 || this.#stale.waiting || this.#halt.because !== undefined) return
    this.#context.ended(this)
  }

  #down(ending: Ending): void {
    const { gracefulRestart } = this.#established!.negotiated
    this.#established = undefined
    // RFC 4724, section 4.2: only a connection that is lost without a NOTIFICATION is a restart.
    const restartSeconds = gracefulRestart?.restartSeconds ?? 0
    const lost = ending.notification === undefined && restartSeconds > 0 && !this.#removed
    const keep = lost ? (gracefulRestart?.families ?? []).map(({ family }) => family) : []
    this.routes.down(keep)
    if (keep.length === 0) return this.#stale.stop()
    this.#stale.keep(restartSeconds, () => {
      if (this.range !== undefined) this.#forgetIfGone()
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
    return sessionConfig(this.#context.config(), this.#config, this.#context.restarting())
  }
}

function isNegotiated({ state }: Leg): boolean {
  return state === 'OpenConfirm' || state === 'Established'
}
