import type { Role } from '../contract.ts'

/** What follows from what we are to an external peer (RFC 9234, sections 4 and 5). */
export interface RoleRow {
  readonly name: Role
  /** What the peer must be to us. */
  readonly counterpart: Role
  /** Received routes with ONLY_TO_CUSTOMER are leaks: all of them, those of another AS than the peer's, or none. */
  readonly leaks: 'all' | 'of others' | 'none'
  /** What is received without ONLY_TO_CUSTOMER gets it, with the peer's AS. */
  readonly marksReceived: boolean
  /** What is sent without it gets it, with our own AS. */
  readonly marksSent: boolean
  /** What has it is not sent. */
  readonly withholds: boolean
}

/** By the values of the capability (RFC 9234, section 4.1). */
export const ROLES: readonly RoleRow[] = [
  row('provider', 'customer', 'all', { marksReceived: false, marksSent: true, withholds: false }),
  row('route-server', 'route-server-client', 'all', { marksReceived: false, marksSent: true, withholds: false }),
  row('route-server-client', 'route-server', 'none', { marksReceived: true, marksSent: false, withholds: true }),
  row('customer', 'provider', 'none', { marksReceived: true, marksSent: false, withholds: true }),
  row('peer', 'peer', 'of others', { marksReceived: true, marksSent: true, withholds: true }),
]

/** The row of a role, undefined for none. */
export function roleRow(role: Role | undefined): RoleRow | undefined {
  return ROLES.find(({ name }) => name === role)
}

function row(
  name: Role,
  counterpart: Role,
  leaks: RoleRow['leaks'],
  rest: Pick<RoleRow, 'marksReceived' | 'marksSent' | 'withholds'>,
): RoleRow {
  return { name, counterpart, leaks, ...rest }
}
