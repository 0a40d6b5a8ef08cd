import type { Address } from '../routing/ip/address.ts'
import type { DesiredState, NodeStatus, Problem } from './contract.ts'
import type { RoutingObject } from './objects/parse.ts'

/** Where objects come from: files or the Kubernetes API. */
export interface Source {
  /** What the node does now; a source that can show it to people does. */
  report?(state: { readonly desired: DesiredState; readonly status?: NodeStatus }): void
  stop(): void
}

export interface SourceEvents {
  /** All objects that are good, and what is wrong with the others. Never called before everything is known. */
  changed(state: SourceState): void
  health(synced: boolean, detail: string): void
  /** It makes no sense to go on. */
  failed(message: string): void
}

export interface SourceState {
  readonly objects: Iterable<RoutingObject>
  readonly problems: readonly Problem[]
  readonly apiServerAddresses?: readonly Address[]
}
