import type { Clock } from '../../bgp/ports.ts'
import type { Source, SourceEvents } from '../source.ts'
import { type KubeClient, kubeClient } from './client.ts'
import { FollowedObjects } from './followed.ts'
import type { Observed } from './node-status.ts'
import { followedResources } from './resources.ts'
import { StatusWriter } from './status.ts'

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

class KubernetesSource implements Source {
  readonly #options: KubernetesOptions
  readonly #client: KubeClient
  readonly #events: SourceEvents
  readonly #followed: FollowedObjects
  readonly #status: StatusWriter
  #observed: Observed | undefined

  constructor(options: KubernetesOptions, client: KubeClient, clock: Clock, events: SourceEvents) {
    this.#options = options
    this.#client = client
    this.#events = events
    const ports = { clock, client, random: Math.random }
    this.#status = new StatusWriter(ports, () => this.#statusFacts())
    this.#followed = new FollowedObjects(followedResources(options.role, options.namespace), ports, {
      changed: () => this.#changed(),
      health: (synced, detail) => events.health(synced, detail),
    })
  }

  report(observed: Observed): void {
    // Only an agent speaks for a node.
    if (this.#options.role !== 'agent') return
    this.#observed = observed
    this.#status.touch()
  }

  stop(): void {
    this.#status.stop()
    this.#followed.stop()
  }

  #changed(): void {
    const entries = [...this.#followed.entries()]
    this.#events.changed({
      objects: entries.flatMap(({ good }) => good ?? []),
      problems: entries.flatMap(({ problems }) => problems),
      apiServerAddresses: [...this.#client.serverAddresses],
    })
    if (this.#options.role === 'agent') this.#status.touch()
  }

  #statusFacts() {
    const entries = [...this.#followed.entries()]
    const own = entries.find(({ kind, name }) => kind === 'Node' && name === this.#options.node)
    const config = entries.find(({ kind }) => kind === 'RoutingConfig')
    return {
      nodeName: this.#options.node,
      ...(own && { nodeUid: own.uid }),
      ...(this.#observed && {
        observed: { ...this.#observed, ...(config && { routingConfigGeneration: config.generation }) },
      }),
      entries: this.#followed.ownEntries(),
    }
  }
}
