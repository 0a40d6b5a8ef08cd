import { BOUNDS } from '../bounds.ts'
import type { FamilyName, PeerConfig } from '../contract.ts'
import { FAMILIES, type FamilyRow } from '../wire/families.ts'
import { PeerFault } from '../wire/faults.ts'
import { CeaseError, NotificationCode } from '../wire/iana.ts'

const TOO_MUCH_SECONDS = 300

/** The session must end for too many prefixes; it stays down for this long, or for good. */
export interface LimitExceeded {
  readonly why: string
  /** Absent: until somebody looks. */
  readonly restartSeconds?: number
  /** What the peer is told (RFC 4486, section 4). */
  readonly fault: PeerFault
}

/** What a peer holds with us. */
export interface PrefixCounts {
  /** Prefixes of one family. */
  heldOf(family: FamilyRow): number
  /** Octets of their attributes. */
  readonly attributeOctets: number
}

/** Watches how many prefixes a peer sends. */
export class PrefixLimits {
  /** Said once each time the share or the limit is crossed upwards. */
  readonly #warn: (text: string) => void
  readonly #said = new Map<FamilyName, 'share' | 'limit'>()

  constructor(warn: (text: string) => void) {
    this.#warn = warn
  }

  /** Warns where that is due; gives the limit whose excess ends the session. */
  check(config: PeerConfig, routes: PrefixCounts): LimitExceeded | undefined {
    const { maxPrefixes: limits } = config
    if (routes.attributeOctets > BOUNDS.attributeOctetsOfPeer) return tooMuch()
    if (limits === undefined) return undefined
    for (const row of FAMILIES) {
      const { name, afi, safi } = row
      const limit = limitOf(config, row)
      if (limit === undefined) continue
      const held = routes.heldOf(row)
      this.#speak(name, held, limit, limits.warnPercent)
      if (held <= limit || limits.action === 'warn' || limits.action === 'discard') continue
      const { action, restartSeconds } = limits
      const then = action === 'shutdown' ? 'shut down' : `restarts in ${restartSeconds} s`
      const why = `more than ${limit} ${name} prefixes: ${then}`
      const data = [afi >> 8, afi & 0xff, safi, ...uint32(limit)]
      const fault = new PeerFault(NotificationCode.Cease, CeaseError.MaximumPrefixes, why, data)
      return { why, fault, ...(action === 'restart' ? { restartSeconds } : {}) }
    }
    return undefined
  }

  #speak(name: FamilyName, held: number, limit: number, warnPercent: number): void {
    const before = this.#said.get(name)
    const now = held > limit ? 'limit' : held * 100 >= limit * warnPercent ? 'share' : undefined
    if (now === before) return
    if (now === undefined) this.#said.delete(name)
    else this.#said.set(name, now)
    if (now === 'limit') this.#warn(`more than ${limit} ${name} prefixes`)
    else if (now === 'share' && before === undefined) this.#warn(`${held} ${name} prefixes, of ${limit} allowed`)
  }
}

/** Sets of attributes that are all different, and long: no prefix limit sees them. */
function tooMuch(): LimitExceeded {
  const why = `attributes of more than ${BOUNDS.attributeOctetsOfPeer} octets: restarts in ${TOO_MUCH_SECONDS} s`
  return {
    why,
    fault: new PeerFault(NotificationCode.Cease, CeaseError.OutOfResources, why),
    restartSeconds: TOO_MUCH_SECONDS,
  }
}

/** Most prefixes of the family, undefined for any number. */
export function limitOf({ maxPrefixes }: PeerConfig, { family }: FamilyRow): number | undefined {
  return family === 4 ? maxPrefixes?.ipv4 : maxPrefixes?.ipv6
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}
