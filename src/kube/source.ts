import type { Clock } from '../../bgp/ports.ts'
import type { RoutingObject } from '../objects/parse.ts'
import type { Source, SourceEvents } from '../source.ts'
import { type KubeClient, kubeClient } from './client.ts'
import { follow } from './follow.ts'
import type { Observed } from './node-status.ts'
import { type Entry, ObjectCache } from './object-cache.ts'
import { followedResources, type Resource } from './resources.ts'
import { StatusWriter } from './status.ts'
import { troubleText } from './trouble.ts'

export interface KubernetesOptions {
  readonly role: 'agent' | 'reflector'
  readonly node: string
  readonly namespace: string
  /** Absent: the service account of the pod. */
  readonly kubeconfig?: string
}

/** Objects from the Kubernetes API. */
export function kubernetesSource(options: KubernetesOptions, clock: Clock, events: SourceEvents): Source {
  return new KubernetesSource(options, kubeClient(options.kubeconfig), clock, events)
}

interface Followed {
  readonly resource: Resource
  readonly cache: ObjectCache
  trouble?: string
}

class KubernetesSource implements Source {
  readonly #options: KubernetesOptions
  readonly #client: KubeClient
  readonly #events: SourceEvents
  readonly #followed: readonly Followed[]
  readonly #loops: readonly { stop(): void }[]
  readonly #status: StatusWriter
  #observed: Observed | undefined
  #health = ''

  constructor(options: KubernetesOptions, client: KubeClient, clock: Clock, events: SourceEvents) {
    this.#options = options
    this.#client = client
    this.#events = events
    const ports = { clock, random: Math.random }
    this.#status = new StatusWriter({ ...ports, client }, () => this.#statusFacts())
    this.#followed = followedResources(options.role, options.namespace).map((resource) => ({
      resource,
      cache: new ObjectCache(() => this.#changed()),
    }))
    this.#loops = this.#followed.map((one) => follow(one.resource, client, ports, this.#follower(one)))
  }

  report(observed: Observed): void {
    // Only an agent speaks for a node.
    if (this.#options.role !== 'agent') return
    this.#observed = observed
    this.#status.touch()
  }

  stop(): void {
    this.#status.stop()
    for (const loop of this.#loops) loop.stop()
  }

  #follower(followed: Followed) {
    const settle = (trouble: string | undefined) => {
      if (trouble === undefined) delete followed.trouble
      else followed.trouble = trouble
      this.#tellHealth()
    }
    return {
      replace: (objects: readonly unknown[]) => {
        followed.cache.replace(objects)
        settle(undefined)
      },
      put: (object: unknown) => followed.cache.put(object),
      remove: (object: unknown) => followed.cache.remove(object),
      trouble: (error: unknown) => settle(troubleText(followed.resource, error)),
      well: () => settle(undefined),
    }
  }

  /** Half a picture is worse than none: routes would be withdrawn that only have not been read yet. */
  #changed(): void {
    if (!this.#synced()) return
    this.#events.changed({
      objects: this.#goodObjects(),
      problems: [...this.#entries()].flatMap(({ problems }) => problems),
      apiServerAddresses: [...this.#client.serverAddresses],
    })
    if (this.#options.role === 'agent') this.#status.touch()
  }

  #synced(): boolean {
    return this.#followed.every(({ cache }) => cache.full)
  }

  #goodObjects(): RoutingObject[] {
    return [...this.#entries()].flatMap(({ good }) => good ?? [])
  }

  *#entries(): Iterable<Entry> {
    for (const { cache } of this.#followed) yield* cache.entries
  }

  #tellHealth(): void {
    const synced = this.#synced()
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

  #statusFacts() {
    const entries = [...this.#entries()]
    const own = entries.find(({ kind, name }) => kind === 'Node' && name === this.#options.node)
    const config = entries.find(({ kind }) => kind === 'RoutingConfig')
    const ours = new Set(this.#followed.filter(({ resource }) => resource.ours).map(({ resource }) => resource.kind))
    return {
      nodeName: this.#options.node,
      ...(own && { nodeUid: own.uid }),
      ...(this.#observed && {
        observed: { ...this.#observed, ...(config && { routingConfigGeneration: config.generation }) },
      }),
      entries: entries.filter(({ kind }) => ours.has(kind)),
    }
  }
}
