import { type Address, familyOf } from '../ip/address.ts'
import { hostPrefix, maxLength, type Prefix, type PrefixWords } from '../ip/prefix.ts'
import { PrefixSet } from './prefix-set.ts'
import type { Refusal } from './refusals.ts'

export interface GuardConfig {
  /** Pod CIDRs and service addresses of this node. */
  readonly ownPrefixes: readonly Prefix[]
  /** The API server and the peers. */
  readonly protectedAddresses: readonly Address[]
  /** What this node is connected to. */
  readonly localSubnets: readonly Prefix[]
}

/** Says what must never be installed, whatever a peer announces and a policy accepts. */
export class Guard {
  #own: PrefixSet
  #ownNetworks: PrefixSet
  #protected: PrefixSet
  #subnets: PrefixSet
  #wideSubnets: PrefixSet

  constructor({ ownPrefixes, protectedAddresses, localSubnets }: GuardConfig) {
    this.#own = new PrefixSet(ownPrefixes)
    this.#ownNetworks = new PrefixSet(ownPrefixes.filter(isNetwork))
    this.#protected = new PrefixSet(protectedAddresses.map(hostPrefix))
    this.#subnets = new PrefixSet(localSubnets)
    // A lone address is no subnet: kube-proxy puts every service address on a link of each node.
    this.#wideSubnets = new PrefixSet(localSubnets.filter(isNetwork))
  }

  /** A rule that names the prefix allows the default route and prefixes that cover ours, nothing else. */
  refusal(prefix: PrefixWords, namedByPolicy: boolean): Refusal | undefined {
    if (this.#own.contains(prefix)) return 'OwnPrefix'
    if (this.#protected.contains(prefix)) return 'ProtectedAddress'
    if (this.#subnets.contains(prefix)) return 'InsideLocalSubnet'
    if (namedByPolicy) return undefined
    if (prefix.length === 0) return 'DefaultRoute'
    if (this.#wideSubnets.isTouchedBy(prefix)) return 'CoversLocalSubnet'
    if (this.#ownNetworks.isTouchedBy(prefix)) return 'CoversOwnPrefix'
    if (this.#protected.isTouchedBy(prefix)) return 'CoversProtectedAddress'
    return undefined
  }
}

function isNetwork(prefix: Prefix): boolean {
  return !prefix.endsWith(`/${maxLength(familyOf(prefix))}`)
}
