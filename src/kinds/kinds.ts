import { bfdProfile } from './bfd-profile.ts'
import { bgpAdvertisement } from './bgp-advertisement.ts'
import { bgpPeer } from './bgp-peer.ts'
import { ipAddressPool } from './ip-address-pool.ts'
import type { Kind } from './kind.ts'
import { l2Advertisement } from './l2-advertisement.ts'
import { nodeRouting } from './node-routing.ts'
import { routePolicy } from './route-policy.ts'
import { routingConfig } from './routing-config.ts'

/** Kinds that people write. */
export const configurationKinds = [
  routingConfig,
  bgpPeer,
  bgpAdvertisement,
  routePolicy,
  ipAddressPool,
  l2Advertisement,
  bfdProfile,
] as const

export const kinds: readonly Kind[] = [...configurationKinds, nodeRouting]
