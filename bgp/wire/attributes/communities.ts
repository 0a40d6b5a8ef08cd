import { BOUNDS } from '../../bounds.ts'
import { AttributeCode } from '../iana.ts'
import { type AttributeRow, multipleOf, OPTIONAL, TRANSITIVE } from './codec.ts'

/** COMMUNITIES (RFC 1997; RFC 7606, section 7.8). */
export const communities: AttributeRow = {
  code: AttributeCode.Communities,
  name: 'COMMUNITIES',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  check: multipleOf(4),
  refuse: atMost(4),
}

/** CLUSTER_LIST (RFC 4456, section 8; RFC 7606, section 7.10). */
export const clusterList: AttributeRow = {
  code: AttributeCode.ClusterList,
  name: 'CLUSTER_LIST',
  flags: OPTIONAL,
  ifMalformed: 'treat-as-withdraw',
  ignoreFromExternal: true,
  check: multipleOf(4),
}

/** EXTENDED COMMUNITIES (RFC 4360; RFC 7606, section 7.14). */
export const extendedCommunities: AttributeRow = {
  code: AttributeCode.ExtendedCommunities,
  name: 'EXTENDED COMMUNITIES',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  check: multipleOf(8),
  refuse: atMost(8),
}

/** IPv6 EXTENDED COMMUNITIES (RFC 5701; RFC 7606, section 7.15). */
export const ipv6ExtendedCommunities: AttributeRow = {
  code: AttributeCode.Ipv6ExtendedCommunities,
  name: 'IPv6 EXTENDED COMMUNITIES',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  check: multipleOf(20),
  refuse: atMost(20),
}

/** LARGE_COMMUNITY (RFC 8092, section 6). */
export const largeCommunities: AttributeRow = {
  code: AttributeCode.LargeCommunities,
  name: 'LARGE_COMMUNITY',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  check: multipleOf(12),
  refuse: atMost(12),
}

function atMost(size: number): NonNullable<AttributeRow['refuse']> {
  return (_, start, end) => {
    const count = (end - start) / size
    return count > BOUNDS.communities ? `${count} communities, at most ${BOUNDS.communities} are taken` : undefined
  }
}
