import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../bgp/ports.ts'
import type { ControlToCore, CoreToControl, DesiredState, NodeStatus, Problem } from './contract.ts'
import { desiredState } from './desired/desired-state.ts'
import type { ClusterSnapshot } from './desired/snapshot.ts'
import { snapshotOf } from './desired/snapshot-of.ts'
import type { Viewpoint } from './desired/viewpoint.ts'
import { fileSource } from './files/source.ts'
import { systemClock } from './platform/clock.ts'
import type { Source, SourceEvents, SourceState } from './source.ts'

/** What the control side is started with. Plain data: it may cross into a worker thread. */
export interface ControlOptions {
  readonly role: 'agent' | 'reflector'
  readonly source:
    | { readonly type: 'files'; readonly path: string }
    | { readonly type: 'kubernetes'; readonly kubeconfig?: string }
  readonly node: string
  /** routelet's own, where Secrets are. */
  readonly namespace: string
}

/** The way to the core: another thread, or the same one. */
export interface ControlPort {
  send(message: ControlToCore): void
  onMessage(receive: (message: CoreToControl) => void): void
}

export type StartSource = (options: ControlOptions, clock: Clock, events: SourceEvents) => Source | Promise<Source>

/** Changes that come together are worked out together. */
const DEBOUNCE_MS = 50
const EXIT_BAD_CONFIGURATION = 2

const CONFIG_GONE: Problem = {
  kind: 'Pending',
  object: 'RoutingConfig default',
  path: '',
  message: 'it is gone; what it said stays in force',
}

/** Follows files or the API and tells the core the whole desired state each time it changes. */
export function startControl(
  options: ControlOptions,
  port: ControlPort,
  clock: Clock = systemClock,
  startSource: StartSource = sourceFor,
): { stop(): void } {
  const control = new Control(options, port, clock)
  control.start(startSource)
  return control
}

async function sourceFor(options: ControlOptions, clock: Clock, events: SourceEvents): Promise<Source> {
  const { source } = options
  if (source.type === 'files') return fileSource(source.path, clock, events)
  // The client of Kubernetes is large, and who reads files has no use for it.
  const { kubernetesSource } = await import('./kube/source.ts')
  return kubernetesSource({ ...options, ...source }, clock, events)
}

class Control {
  readonly #options: ControlOptions
  readonly #port: ControlPort
  readonly #clock: Clock
  #source: Source | undefined
  #state: SourceState | undefined
  #facts: Viewpoint['facts']
  #status: NodeStatus | undefined
  #applied: DesiredState | undefined
  #lastConfig: ClusterSnapshot['routingConfig']
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(options: ControlOptions, port: ControlPort, clock: Clock) {
    this.#options = options
    this.#port = port
    this.#clock = clock
  }

  start(startSource: StartSource): void {
    this.#port.onMessage((message) => this.#receive(message))
    const starting = Promise.resolve(startSource(this.#options, this.#clock, this.#sourceEvents()))
    starting.then(
      (source) => {
        if (this.#stopped) source.stop()
        else this.#source = source
      },
      (error) => this.#fail(error instanceof Error ? error.message : String(error)),
    )
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#source?.stop()
  }

  #sourceEvents(): SourceEvents {
    return {
      changed: (state) => {
        this.#state = state
        this.#dirty()
      },
      health: (synced, detail) => this.#send({ type: 'Health', synced, detail }),
      failed: (message) => this.#fail(message),
    }
  }

  #receive(message: CoreToControl): void {
    switch (message.type) {
      case 'LocalFacts': {
        const { localSubnets, localAddresses, routers } = message
        this.#facts = { localSubnets, localAddresses, routers }
        this.#dirty()
        return
      }
      case 'Status':
        this.#status = message.status
        this.#report()
        return
    }
  }

  /** The timer is not put off by further changes: in a storm of them the core still hears every 50 ms. */
  #dirty(): void {
    this.#cancelTimer ??= this.#clock.after(this.#startsNow() ? 0 : DEBOUNCE_MS, () => {
      this.#cancelTimer = undefined
      this.#apply()
    })
  }

  /** A start waits for nothing: its source is complete, and an agent has its local facts. */
  #startsNow(): boolean {
    return (
      this.#applied === undefined &&
      this.#state !== undefined &&
      (this.#options.role === 'reflector' || this.#facts !== undefined)
    )
  }

  #apply(): void {
    if (this.#state === undefined || this.#stopped) return
    const { objects, problems, apiServerAddresses } = this.#state
    const { role, node, namespace } = this.#options
    const { snapshot, lost } = this.#withLastConfig(snapshotOf(objects, namespace))
    const desired = desiredState(snapshot, {
      role,
      nodeName: node,
      ...(this.#facts && { facts: this.#facts }),
      ...(apiServerAddresses && { apiServerAddresses }),
    })
    if (desired === undefined) {
      this.#send({ type: 'Health', synced: false, detail: 'waiting for the RoutingConfig default' })
      return
    }
    const whole = { ...desired, problems: [...problems, ...lost, ...desired.problems] }
    if (isDeepStrictEqual(whole, this.#applied)) return
    this.#applied = whole
    this.#send({ type: 'Apply', desired: whole })
    this.#report()
  }

  /** A RoutingConfig that goes away takes nothing down with it. */
  #withLastConfig(snapshot: ClusterSnapshot): { snapshot: ClusterSnapshot; lost: readonly Problem[] } {
    const last = this.#lastConfig
    this.#lastConfig = snapshot.routingConfig ?? last
    if (snapshot.routingConfig !== undefined || last === undefined) return { snapshot, lost: [] }
    return { snapshot: { ...snapshot, routingConfig: last }, lost: [CONFIG_GONE] }
  }

  #report(): void {
    if (this.#applied === undefined) return
    this.#source?.report?.({ desired: this.#applied, ...(this.#status && { status: this.#status }) })
  }

  #fail(message: string): void {
    this.#send({ type: 'Fatal', exitCode: EXIT_BAD_CONFIGURATION, message })
  }

  #send(message: ControlToCore): void {
    if (!this.#stopped) this.#port.send(message)
  }
}
