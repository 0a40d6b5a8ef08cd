import type { Clock, Log } from '../../bgp/ports.ts'
import type { KubeClient } from '../kube/client.ts'
import { timestamp } from '../kube/conditions.ts'

/** What is told of an object. */
export interface EventFacts {
  readonly about: {
    readonly apiVersion: string
    readonly kind: string
    readonly name: string
    /** Absent for objects of the whole cluster, whose Events are in `default`. */
    readonly namespace?: string
    readonly uid: string
  }
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export interface EventPorts {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly mayWrite: () => boolean
}

/** At most 25 a second, so that Events are never what an API server has to do. */
const EVERY_MS = 40
const MOST_WAITING = 5_000

/** Writes Events one after the other, slowly. They are for people: one that cannot be written is dropped. */
export class Events {
  readonly #ports: EventPorts
  readonly #waiting: EventFacts[] = []
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(ports: EventPorts) {
    this.#ports = ports
  }

  tell(facts: EventFacts): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#ports.log.warn({ object: facts.about.name, reason: facts.reason }, 'too many Events: one is dropped')
      return
    }
    this.#waiting.push(facts)
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
  }

  #schedule(): void {
    if (this.#stopped || this.#waiting.length === 0) return
    this.#cancelTimer ??= this.#ports.clock.after(EVERY_MS, () => void this.#sendNext())
  }

  async #sendNext(): Promise<void> {
    const facts = this.#waiting.shift()
    if (facts !== undefined && this.#ports.mayWrite()) await this.#send(facts)
    this.#cancelTimer = undefined
    this.#schedule()
  }

  async #send({ about, type, reason, message }: EventFacts): Promise<void> {
    const { client, clock, random, log } = this.#ports
    const namespace = about.namespace ?? 'default'
    const time = timestamp(clock.wallTime())
    const suffix = Math.floor(random() * 2 ** 48).toString(16)
    const value = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: `${about.name.slice(0, 230)}.${suffix}` },
      involvedObject: about,
      type,
      reason,
      message: message.slice(0, 1024),
      source: { component: 'routelet-controller' },
      reportingComponent: 'routelet-controller',
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    }
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`
    await client.request('POST', path, { type: 'application/json', value }).catch((error) => {
      log.debug({ object: about.name, reason: (error as Error).message }, 'an Event could not be written')
    })
  }
}
