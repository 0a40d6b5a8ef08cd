import type { Prefix } from '../../routing/ip/prefix.ts'
import type { SilentReason } from '../contract.ts'
import type { BGPAdvertisement } from '../kinds/bgp-advertisement.ts'
import type { Session } from './session.ts'

/** A prefix that this node has to tell, under one advertisement or by the topology alone, and to whom. */
export interface Offer {
  readonly prefix: Prefix
  /** `Service shop/web`. */
  readonly object: string
  readonly because: string
  readonly advertisement?: Advertisement
  readonly sessions: readonly Session[]
}

/** A BGPAdvertisement that is in force, with its communities in numbers. */
export interface Advertisement {
  readonly object: BGPAdvertisement
  readonly name: string
  readonly communities: readonly string[]
  readonly selectsUs: boolean
  /** Sessions of the BGPPeers it selects, and those of the topology where they are told too. */
  readonly sessions: readonly Session[]
}

/** Why an object is not told to anybody. */
export interface Silence {
  readonly prefix?: Prefix
  readonly object: string
  readonly advertisement?: string
  readonly reason: SilentReason
}

export interface Offers {
  readonly offers: readonly Offer[]
  readonly silences: readonly Silence[]
}
