import type { PeerConfig } from '../contract.ts'
import { familyByName } from '../wire/families.ts'
import { PeerFault } from '../wire/faults.ts'
import { CeaseError, NotificationCode } from '../wire/iana.ts'
import type { PeerRoutes } from './peer-routes.ts'

/** The session must end for too many prefixes; it stays down for this long, or for good. */
export interface LimitExceeded {
  readonly why: string
  /** Absent: until somebody looks. */
  readonly restartSeconds?: number
  /** What the peer is told (RFC 4486, section 4). */
  readonly fault: PeerFault
}

/** Has the peer sent more prefixes than it may, and does that end the session? */
export function exceededLimit({ maxPrefixes: limits }: PeerConfig, routes: PeerRoutes): LimitExceeded | undefined {
  if (limits === undefined || limits.action === 'warn' || limits.action === 'discard') return undefined
  for (const name of ['ipv4-unicast', 'ipv6-unicast'] as const) {
    const family = familyByName(name)
    const limit = family.family === 4 ? limits.ipv4 : limits.ipv6
    if (limit === undefined || routes.receivedOf(family.family) <= limit) continue
    const { action, restartSeconds } = limits
    const then = action === 'shutdown' ? 'shut down' : `restarts in ${restartSeconds} s`
    const why = `more than ${limit} ${name} prefixes: ${then}`
    const data = [family.afi >> 8, family.afi & 0xff, family.safi, ...uint32(limit)]
    const fault = new PeerFault(NotificationCode.Cease, CeaseError.MaximumPrefixes, why, data)
    return { why, fault, ...(action === 'restart' ? { restartSeconds } : {}) }
  }
  return undefined
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}
