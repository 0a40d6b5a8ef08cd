import type { Clock, Connection, ConnectionHandlers, DialOutcome, Log } from '../ports.ts'
import type { Verdict } from '../session/collision.ts'
import { step } from '../session/fsm.ts'
import type {
  Ending,
  Negotiated,
  Session,
  SessionAction,
  SessionConfig,
  SessionEvent,
  Timer,
} from '../session/session.ts'
import type { FamilyRow } from '../wire/families.ts'
import { PeerFault } from '../wire/faults.ts'
import { Framer, HEADER_OCTETS, MAX_EXTENDED_MESSAGE } from '../wire/framer.ts'
import { CeaseError, MessageType } from '../wire/iana.ts'
import { decodeControl, encodeMessage, type Message } from '../wire/message.ts'
import { cease, type Notification } from '../wire/notification.ts'
import type { Open } from '../wire/open.ts'
import { HoldWatch } from './hold-watch.ts'
import type { RouteChannel } from './route-context.ts'
import { SendWatch } from './send-watch.ts'

/** What a leg tells its peer, and asks of it. */
export interface LegHost {
  readonly clock: Clock
  readonly log: Log
  /** RFC 4271, section 10: 0.75 to 1. */
  jitter(): number
  dial(outcome: DialOutcome): () => void
  dialFailed(text: string): void
  /** Handlers that bring a connection's input when its turn comes. */
  inTurn(connection: Connection, handlers: ConnectionHandlers): ConnectionHandlers
  /** A good OPEN is there, and nothing has been answered yet. */
  openArrived(leg: Leg, open: Open): Verdict
  stateChanged(leg: Leg, from: Session['state'], because: string): void
  established(leg: Leg, negotiated: Negotiated): void
  /** Throws PeerFault when the session cannot go on. */
  update(octets: Uint8Array, start: number, end: number): void
  refreshAsked(family: FamilyRow, subtype: number): void
  drained(): void
  ended(leg: Leg, ending: Ending): void
}

export interface MessageCounts {
  received: number
  sent: number
  updatesReceived: number
  updatesSent: number
}

/** Nobody says more before its OPEN is answered. */
const MOST_HELD_BACK = 8

/** One connection of a peer and the machine that runs on it: carries out the machine's actions, feeds events back. */
export class Leg {
  readonly direction: 'active' | 'passive'
  readonly counts: MessageCounts = { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 }
  connection: Connection | undefined
  #session: Session
  readonly #host: LegHost
  readonly #framer = new Framer()
  readonly #timers = new Map<Timer, () => void>()
  readonly #sendWatch: SendWatch
  readonly #holdWatch: HoldWatch
  #cancelDial: (() => void) | undefined
  #dials = 0
  #ended = false
  /** While it is not decided whether this connection stays: its OPEN, and what came after. */
  #heldBack: Message[] | undefined

  constructor(direction: 'active' | 'passive', config: SessionConfig, host: LegHost) {
    this.direction = direction
    this.#session = { state: 'Idle', config }
    this.#host = host
    this.#sendWatch = new SendWatch(host.clock)
    this.#holdWatch = new HoldWatch(host.clock)
  }

  get session(): Session {
    return this.#session
  }

  get state(): Session['state'] {
    return this.#session.state
  }

  start(): void {
    this.#dispatch({ type: 'Start' }, 'started')
  }

  /** Takes over an accepted connection. */
  accept(connection: Connection): void {
    this.#connected(connection)
  }

  /** The OPEN that waits, and what came after it, are looked at again. */
  judgeAgain(): void {
    const messages = this.#heldBack ?? []
    this.#heldBack = undefined
    for (const message of messages) this.#control(message)
  }

  /** Goes on with another TCP MD5 key; false when there is no connection yet. Throws when the kernel refuses. */
  setPassword(password: string): boolean {
    this.connection?.setPassword(password)
    return this.connection !== undefined
  }

  /** Ends it; without a notification the peer sees only the connection close. */
  stop(notification: Notification | undefined): void {
    this.#dispatch({ type: 'Stop', notification }, 'stopped')
  }

  /** Sends octets of UPDATEs. False: wait for `drained`. */
  write(octets: Uint8Array, messages: number): boolean {
    this.counts.sent += messages
    this.counts.updatesSent += messages
    return this.#put(octets)
  }

  /** The way out for routes, once it is established. */
  channel(): RouteChannel {
    const connection = this.connection!
    return {
      write: (octets, messages) => this.write(octets, messages),
      send: (message) => this.send(message),
      get unsentOctets() {
        return connection.unsentOctets
      },
      localAddress: connection.localAddress,
      interfaceName: connection.interfaceName,
    }
  }

  send(message: Message): void {
    this.counts.sent++
    this.#put(encodeMessage(message))
  }

  #put(octets: Uint8Array): boolean {
    this.#sendWatch.wrote(octets.length)
    return this.connection?.write(octets) ?? true
  }

  /** RFC 9687, section 4: dropped; a NOTIFICATION would only wait behind what is there. */
  #sendStalled(seconds: number): void {
    this.connection?.destroy()
    this.connection = undefined
    const text = `Send Hold Timer Expired (RFC 9687): the peer has taken nothing for ${seconds} s`
    this.#dispatch({ type: 'ConnectionFailed', error: text }, text)
  }

  #connected(connection: Connection): void {
    this.#cancelDial = undefined
    this.connection = connection
    const handlers: ConnectionHandlers = {
      data: (chunk) => this.#data(chunk),
      drain: () => this.#host.drained(),
      closed: (error) => {
        this.connection = undefined
        const text = error === undefined ? 'the peer closed the connection' : error.message
        this.#dispatch({ type: 'ConnectionFailed', error: text }, text)
      },
    }
    connection.attach(this.#host.inTurn(connection, handlers))
    this.#dispatch({ type: 'ConnectionOpened' }, 'connected')
  }

  #data(chunk: Uint8Array): void {
    const before = this.counts.received
    try {
      this.#framer.push(chunk, (type, octets, start, end) => this.#message(type, octets, start, end))
    } catch (error) {
      this.#failed(error)
    }
    // Whole messages are signs of life; octets of one that never ends are not.
    if (this.counts.received > before) this.#holdWatch.heard()
  }

  /** False when the session is over and the rest of the chunk is nobody's. */
  #message(type: number, octets: Uint8Array, start: number, end: number): boolean {
    this.counts.received++
    if (type === MessageType.Update) {
      this.counts.updatesReceived++
      if (this.#session.state === 'Established') this.#host.update(octets, start, end)
      else this.#dispatch({ type: 'UpdateReceived' }, 'UPDATE')
    } else {
      const message = decodeControl(type, octets.subarray(start - HEADER_OCTETS, end))
      if (message !== undefined) this.#control(message)
    }
    return !this.#ended
  }

  #control(message: Message): void {
    if (this.#heldBack !== undefined && message.type !== 'NOTIFICATION') {
      if (this.#heldBack.length < MOST_HELD_BACK) this.#heldBack.push(message)
      return
    }
    const event: SessionEvent = { type: 'MessageReceived', message }
    // A bad OPEN is no rival to anybody: the machine's word comes first.
    if (message.type === 'OPEN' && step(this.#session, event).session.state === 'OpenConfirm') {
      const verdict = this.#host.openArrived(this, message.open)
      if (verdict === 'waits') this.#heldBack = [message]
      if (verdict === 'waits') return
      if (verdict !== 'goes on') return this.stop(verdict)
    }
    this.#dispatch(event, `${message.type} received`)
  }

  #failed(error: unknown): void {
    if (error instanceof PeerFault) {
      this.#dispatch({ type: 'FaultFound', notification: error.notification, text: error.message }, error.message)
      return
    }
    // Not the peer's fault but ours; the session pays, the others and the process do not.
    this.#host.log.error({ err: error }, 'unexpected error while reading from a peer')
    const notification = cease(CeaseError.OutOfResources)
    this.#dispatch({ type: 'FaultFound', notification, text: String(error) }, 'internal error')
  }

  #dispatch(event: SessionEvent, because: string): void {
    if (this.#ended) return
    const from = this.#session.state
    const { session, actions } = step(this.#session, event)
    this.#session = session
    for (const action of actions) this.#act(action)
    if (session.state !== from) this.#host.stateChanged(this, from, endingText(actions) ?? because)
  }

  #act(action: SessionAction): void {
    switch (action.type) {
      case 'Dial':
        this.#dials++
        this.#cancelDial = this.#host.dial({
          connected: (connection) => this.#connected(connection),
          failed: (error) => {
            this.#cancelDial = undefined
            this.#host.dialFailed(error.message)
            this.#dispatch({ type: 'ConnectionFailed', error: error.message }, error.message)
          },
        })
        return
      case 'Send':
        return this.send(action.message)
      case 'Close':
        this.#cancelDial?.()
        this.#cancelDial = undefined
        this.connection?.close()
        this.connection = undefined
        return
      case 'StartTimer':
        return this.#startTimer(action.timer, this.#eager(action.timer, action.seconds))
      case 'StopTimers':
        this.#sendWatch.stop()
        this.#holdWatch.stop()
        for (const cancel of this.#timers.values()) cancel()
        this.#timers.clear()
        return
      case 'Established':
        this.#sendWatch.start(this.connection!, action.negotiated.holdSeconds, (seconds) => this.#sendStalled(seconds))
        if (action.negotiated.enhancedRouteRefresh) this.#framer.judgesRefreshLength = false
        if (action.negotiated.extendedMessage) this.#framer.maxMessage = MAX_EXTENDED_MESSAGE
        return this.#host.established(this, action.negotiated)
      case 'RefreshAsked':
        return this.#host.refreshAsked(action.family, action.subtype)
      case 'Ended':
        this.#ended = true
        return this.#host.ended(this, action.ending)
    }
  }

  /** The first retries of a dial come soon: a router that just boots should not be waited for longer than needed. */
  #eager(timer: Timer, seconds: number): number {
    return timer === 'ConnectRetry' ? Math.min(seconds, 2 ** (this.#dials - 1)) : seconds
  }

  #startTimer(timer: Timer, seconds: number): void {
    if (timer === 'Hold') {
      const because = 'nothing was heard for the hold time'
      return this.#holdWatch.start(seconds, () => this.#dispatch({ type: 'TimerExpired', timer }, because))
    }
    this.#timers.get(timer)?.()
    const ms = seconds * 1000 * this.#host.jitter()
    this.#timers.set(
      timer,
      this.#host.clock.after(ms, () => {
        this.#timers.delete(timer)
        if (timer === 'Keepalive') this.#startTimer(timer, seconds)
        this.#dispatch({ type: 'TimerExpired', timer }, `${timer} timer`)
      }),
    )
  }
}

function endingText(actions: readonly SessionAction[]): string | undefined {
  for (const action of actions) if (action.type === 'Ended') return action.ending.text
  return undefined
}
