import type { SessionState } from '../contract.ts'
import type { Clock } from '../ports.ts'
import { isCollision } from '../session/collision.ts'
import type { Ending, SessionConfig } from '../session/session.ts'
import { CeaseError } from '../wire/iana.ts'
import { cease, type Notification } from '../wire/notification.ts'
import { Collisions } from './collisions.ts'
import { Leg, type LegHost, type MessageCounts } from './leg.ts'
import { addCounts } from './peer-status.ts'

const ORDER: readonly SessionState[] = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established']

/** The connections with a peer: up to one each way until one is established. */
export class Connections {
  readonly collisions: Collisions
  readonly #legs = new Set<Leg>()
  #ended: MessageCounts = { received: 0, sent: 0, updatesReceived: 0, updatesSent: 0 }
  #stopping = false

  constructor(clock: Clock) {
    this.collisions = new Collisions(clock, this.#legs)
  }

  get size(): number {
    return this.#legs.size
  }

  /** Of the one that has come farthest. */
  get state(): SessionState {
    let most: SessionState = 'Idle'
    for (const { state } of this.#legs) if (ORDER.indexOf(state) > ORDER.indexOf(most)) most = state
    return most
  }

  /** They are being ended by us, which calls for no new attempt. */
  get stopping(): boolean {
    return this.#stopping
  }

  get counts(): MessageCounts {
    return [...this.#legs].reduce((sum, { counts }) => addCounts(sum, counts), this.#ended)
  }

  add(direction: Leg['direction'], config: SessionConfig, host: LegHost): Leg {
    const before = [...this.#legs]
    const leg = new Leg(direction, config, host)
    this.#legs.add(leg)
    // A peer that connects again has given up its earlier attempt. Only now, so that it is never without a connection.
    for (const other of before) {
      if (direction === 'passive' && other.direction === 'passive' && other.state !== 'Established') {
        other.stop(cease(CeaseError.ConnectionCollision))
      }
    }
    return leg
  }

  /** Another one takes the place of an established one: that is dead, and its peer restarts. A word on it would end that. */
  replaceBy(leg: Leg): void {
    for (const other of [...this.#legs]) if (other !== leg && other.state === 'Established') other.stop(undefined)
    this.collisions.established(leg)
  }

  stop(why: Notification | undefined): void {
    this.#endThem((leg) => leg.stop(why))
  }

  /** Goes on with another TCP MD5 key; attempts with the old one end. `failed`: the kernel refused, the connection ends. */
  setPassword(password: string, failed: (error: unknown) => void): void {
    this.#endThem((leg) => {
      try {
        if (!leg.setPassword(password)) leg.stop(undefined)
      } catch (error) {
        failed(error)
        leg.stop(cease(CeaseError.OtherConfigurationChange))
      }
    })
  }

  /** It is no more; true when its end says something of the peer, and not only that the other connection was kept. */
  remove(leg: Leg, { direction, notification }: Ending): boolean {
    this.#legs.delete(leg)
    this.#ended = addCounts(this.#ended, leg.counts)
    if (direction === 'none' || isCollision(notification)) return false
    return direction !== 'transport' || ![...this.#legs].some(({ session }) => 'negotiated' in session)
  }

  #endThem(each: (leg: Leg) => void): void {
    this.#stopping = true
    for (const leg of [...this.#legs]) each(leg)
    this.#stopping = false
  }
}
