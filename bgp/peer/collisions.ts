import type { Clock } from '../ports.ts'
import { type Identity, judgeCollision, type Verdict } from '../session/collision.ts'
import { CeaseError } from '../wire/iana.ts'
import { cease } from '../wire/notification.ts'
import type { Open } from '../wire/open.ts'
import type { Leg } from './leg.ts'

/** An OPEN waits this long for the other connection to show whether it comes to anything. */
const PATIENCE_MS = 2000

interface Wait {
  readonly cancel: () => void
  over: boolean
}

/** Keeps one of the connections with a peer (RFC 4271, section 6.8). */
export class Collisions {
  readonly #clock: Clock
  readonly #legs: ReadonlySet<Leg>
  readonly #waits = new Map<Leg, Wait>()
  /** Stood already, without an OPEN, when another was established. */
  readonly #overtaken = new WeakSet<Leg>()

  constructor(clock: Clock, legs: ReadonlySet<Leg>) {
    this.#clock = clock
    this.#legs = legs
  }

  /** A good OPEN is there on `leg`; its rivals may be ended here. */
  judge(leg: Leg, open: Open, local: Identity): Verdict {
    const mayWait = this.#waits.get(leg)?.over !== true
    for (const { rival, state, gracefulRestart } of [...this.#rivalsOf(leg)]) {
      const known = { state, overtook: this.#overtaken.has(leg), gracefulRestart }
      switch (judgeCollision(local, leg.direction, open, known, mayWait)) {
        case 'this one goes':
          this.#forget(leg)
          return cease(CeaseError.ConnectionCollision)
        case 'the rival goes':
          rival.stop(cease(CeaseError.ConnectionCollision))
          break
        case 'wait':
          this.#wait(leg)
          return 'waits'
        case 'both go on':
          break
      }
    }
    this.#forget(leg)
    this.#stopDialing()
    return 'goes on'
  }

  established(leg: Leg): void {
    for (const { rival, state } of this.#rivalsOf(leg)) if (state === 'OpenSent') this.#overtaken.add(rival)
  }

  /** Those that waited for it are judged again. */
  ended(leg: Leg): void {
    this.#forget(leg)
    for (const other of [...this.#waits.keys()]) other.judgeAgain()
  }

  *#rivalsOf(leg: Leg) {
    for (const rival of this.#legs) {
      const { session } = rival
      if (rival === leg || session.state === 'Idle' || session.state === 'Connect' || session.state === 'Active')
        continue
      const gracefulRestart = 'negotiated' in session && session.negotiated.gracefulRestart !== undefined
      yield { rival, state: session.state, gracefulRestart }
    }
  }

  /** The peer is there: an attempt that still looks for it could only collide. */
  #stopDialing(): void {
    for (const leg of [...this.#legs]) if (leg.state === 'Connect' || leg.state === 'Active') leg.stop(undefined)
  }

  #wait(leg: Leg): void {
    if (this.#waits.has(leg)) return
    const wait: Wait = {
      over: false,
      cancel: this.#clock.after(PATIENCE_MS, () => {
        wait.over = true
        leg.judgeAgain()
      }),
    }
    this.#waits.set(leg, wait)
  }

  #forget(leg: Leg): void {
    this.#waits.get(leg)?.cancel()
    this.#waits.delete(leg)
  }
}
