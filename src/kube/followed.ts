import type { Clock } from '../../bgp/ports.ts'
import type { KubeClient } from './client.ts'
import { type Follower, follow } from './follow.ts'
import { type Entry, ObjectCache, type Reading } from './object-cache.ts'
import type { Resource } from './resources.ts'
import { troubleText } from './trouble.ts'

export interface FollowPorts {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: () => number
}

export interface FollowedEvents {
  /** Something is otherwise; never called before every list has been read. */
  changed(): void
  health(synced: boolean, detail: string): void
}

interface Followed {
  readonly resource: Resource
  readonly cache: ObjectCache
  trouble?: string
}

/** The objects of several kinds, followed together. */
export class FollowedObjects {
  readonly #client: KubeClient
  readonly #events: FollowedEvents
  readonly #followed: readonly Followed[]
  readonly #loops: readonly { stop(): void }[]
  #health = ''

  /** `readings`: kind → what its entries show of the status. */
  constructor(
    resources: readonly Resource[],
    ports: FollowPorts,
    events: FollowedEvents,
    readings: Readonly<Record<string, Reading>> = {},
  ) {
    this.#client = ports.client
    this.#events = events
    this.#followed = resources.map((resource) => ({
      resource,
      cache: new ObjectCache(() => this.#changed(), readings[resource.kind]),
    }))
    this.#loops = this.#followed.map((one) => follow(one.resource, ports.client, ports, this.#follower(one)))
  }

  /** Every list has been read. */
  get synced(): boolean {
    return this.#followed.every(({ cache }) => cache.full)
  }

  *entries(): Iterable<Entry> {
    for (const { cache } of this.#followed) yield* cache.entries
  }

  /** Entries of routelet's own kinds. */
  *ownEntries(): Iterable<Entry> {
    for (const { resource, cache } of this.#followed) if (resource.ours) yield* cache.entries
  }

  stop(): void {
    for (const loop of this.#loops) loop.stop()
  }

  #follower(followed: Followed): Follower {
    const settle = (trouble: string | undefined) => {
      if (trouble === undefined) delete followed.trouble
      else followed.trouble = trouble
      this.#tellHealth()
    }
    return {
      replace: (objects) => {
        followed.cache.replace(objects)
        settle(undefined)
      },
      put: (object) => followed.cache.put(object),
      remove: (object) => followed.cache.remove(object),
      trouble: (error) => settle(troubleText(followed.resource, error)),
      well: () => settle(undefined),
    }
  }

  /** Half a picture is worse than none: what has not been read yet would count as gone. */
  #changed(): void {
    if (this.synced) this.#events.changed()
  }

  #tellHealth(): void {
    const { synced } = this
    const troubles = [...new Set(this.#followed.flatMap(({ trouble }) => trouble ?? []))]
    const detail = [
      ...troubles,
      ...(troubles.length === 0 ? [`${synced ? 'following' : 'reading from'} ${this.#client.server}`] : []),
      ...(synced && troubles.length > 0 ? ['what is known stays in force'] : []),
    ].join('; ')
    if (detail === this.#health) return
    this.#health = detail
    this.#events.health(synced, detail)
  }
}
