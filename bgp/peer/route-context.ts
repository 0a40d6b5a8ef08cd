import type { Address } from '../../routing/ip/address.ts'
import type { Policy, SpeakerConfig } from '../contract.ts'
import type { Originations } from '../originations.ts'
import type { Sweeps } from '../rib/sweeps.ts'
import type { Tables } from '../rib/tables.ts'
import type { Message } from '../wire/message.ts'

/** What a peer's routes need of the speaker around them. */
export interface RouteContext {
  readonly tables: Tables
  readonly sweeps: Sweeps
  readonly originations: Originations
  /** The configuration in force. */
  config(): SpeakerConfig
  /** Something is to be done soon: flush, catch up, sweep. */
  kick(): void
  /** Own End-of-RIBs wait for this after a restart (RFC 4724, section 4.1). */
  mayEndRib(): boolean
}

/** The connection that octets go out on. */
export interface RouteChannel {
  write(octets: Uint8Array, messages: number): boolean
  /** Anything but UPDATEs, in its place among them. */
  send(message: Message): void
  readonly unsentOctets: number
  readonly localAddress: Address
  readonly interfaceName: string | undefined
}

/** RFC 4456, section 7: the BGP identifier, unless it is said otherwise. */
export function speakerClusterId({ clusterId, bgpIdentifier }: SpeakerConfig): Address {
  return clusterId ?? bgpIdentifier
}

/** The policies with these names, in this order; one that is not there is left out (the configuration has been checked). */
export function policiesOf(context: RouteContext, names: readonly string[]): Policy[] {
  return names.flatMap((name) => context.config().policies.find((policy) => policy.name === name) ?? [])
}
