import { as4Path, asPath } from './as-path.ts'
import { aggregator, as4Aggregator, atomicAggregate, localPref, med, nextHop, origin, originatorId } from './basic.ts'
import type { AttributeRow } from './codec.ts'
import {
  clusterList,
  communities,
  extendedCommunities,
  ipv6ExtendedCommunities,
  largeCommunities,
} from './communities.ts'
import { mpReach, mpUnreach } from './mp.ts'
import { aigp, attrSet, onlyToCustomer, prefixSid, trafficEngineering } from './others.ts'

/** Every attribute we know, one line each. */
const ROWS: readonly AttributeRow[] = [
  origin,
  asPath,
  nextHop,
  med,
  localPref,
  atomicAggregate,
  aggregator,
  communities,
  originatorId,
  clusterList,
  mpReach,
  mpUnreach,
  extendedCommunities,
  as4Path,
  as4Aggregator,
  trafficEngineering,
  ipv6ExtendedCommunities,
  aigp,
  largeCommunities,
  onlyToCustomer,
  prefixSid,
  attrSet,
]

/** The row of an attribute code. */
export const ATTRIBUTES: readonly (AttributeRow | undefined)[] = Array.from({ length: 256 }, (_, code) =>
  ROWS.find((row) => row.code === code),
)

export function attributeName(code: number): string {
  return ATTRIBUTES[code]?.name ?? `attribute ${code}`
}
