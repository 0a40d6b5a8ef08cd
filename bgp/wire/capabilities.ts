import { Malformed, type Reader, Writer } from './cursor.ts'
import type { FamilyRow } from './families.ts'
import { familyByCode } from './families.ts'
import { Afi, CapabilityCode } from './iana.ts'
import { ROLES } from './roles.ts'

/** What an OPEN's capabilities say (RFC 5492), those we know in words, the rest by code. */
export interface Capabilities {
  /** Absent when the OPEN has no multiprotocol capability at all: IPv4 unicast then (RFC 4760, section 8). */
  readonly families?: readonly FamilyRow[]
  readonly routeRefresh: boolean
  readonly enhancedRouteRefresh: boolean
  readonly extendedMessage: boolean
  /** IPv4 unicast routes may have IPv6 next hops (RFC 8950). */
  readonly extendedNextHop?: boolean
  readonly fourOctetAsn?: number
  readonly gracefulRestart?: GracefulRestartCapability
  readonly longLived?: LongLivedCapability
  /** Families of which several paths per prefix can be sent or received (RFC 7911, section 4). */
  readonly addPath?: readonly AddPathFamily[]
  /** Values of the role capability, each once (RFC 9234, section 4.1); more than one is a contradiction. */
  readonly roles?: readonly number[]
  /** Codes of everything received, known or not, for display. */
  readonly codes: readonly number[]
}

/** RFC 4724, section 3. */
export interface GracefulRestartCapability {
  readonly restarting: boolean
  /** N bit (RFC 8538). */
  readonly notification: boolean
  readonly restartSeconds: number
  readonly families: readonly { readonly family: FamilyRow; readonly forwardingKept: boolean }[]
}

/** What the side that says this can do. */
export interface AddPathFamily {
  readonly family: FamilyRow
  readonly receive: boolean
  readonly send: boolean
}

/** RFC 9494, section 3. Without families: the peer knows what long-lived stale routes are. */
export interface LongLivedCapability {
  readonly families: readonly {
    readonly family: FamilyRow
    readonly forwardingKept: boolean
    readonly staleSeconds: number
  }[]
}

type MutableCapabilities = { -readonly [K in keyof Capabilities]: Capabilities[K] } & {
  families?: FamilyRow[]
  roles?: number[]
  codes: number[]
}

interface CapabilityRow {
  readonly code: number
  readonly name: string
  /** Reads the value into `into`; throws Malformed when its length is not what the RFC says. */
  decode(value: Reader, into: MutableCapabilities): void
  /** The values to send: none, one, or several instances. */
  encode(from: Capabilities): Uint8Array[]
  /** What it says, for people; absent: its name is enough. */
  describe?(capabilities: Capabilities): string
}

/** RFC 7911, section 4. */
const CAN_RECEIVE = 1
const CAN_SEND = 2

const ROWS: readonly CapabilityRow[] = [
  {
    code: CapabilityCode.MultiprotocolExtensions,
    name: 'multiprotocol',
    decode(value, into) {
      const afi = value.uint16()
      value.uint8()
      const family = familyByCode(afi, value.uint8())
      into.families ??= []
      if (family && !into.families.includes(family)) into.families.push(family)
    },
    encode: ({ families = [] }) =>
      families.map(({ afi, safi }) => new Writer().uint16(afi).uint8(0).uint8(safi).finish()),
  },
  flagRow(CapabilityCode.RouteRefresh, 'route-refresh', 'routeRefresh'),
  flagRow(CapabilityCode.ExtendedMessage, 'extended-message', 'extendedMessage'),
  flagRow(CapabilityCode.EnhancedRouteRefresh, 'enhanced-route-refresh', 'enhancedRouteRefresh'),
  {
    code: CapabilityCode.FourOctetAsn,
    name: 'four-octet-asn',
    decode(value, into) {
      into.fourOctetAsn = value.uint32()
    },
    encode: ({ fourOctetAsn }) => (fourOctetAsn === undefined ? [] : [new Writer().uint32(fourOctetAsn).finish()]),
  },
  {
    code: CapabilityCode.GracefulRestart,
    name: 'graceful-restart',
    decode(value, into) {
      const head = value.uint16()
      const families = []
      while (value.remaining > 0) {
        const family = familyByCode(value.uint16(), value.uint8())
        const flags = value.uint8()
        if (family) families.push({ family, forwardingKept: (flags & 0x80) !== 0 })
      }
      into.gracefulRestart = {
        restarting: (head & 0x8000) !== 0,
        notification: (head & 0x4000) !== 0,
        restartSeconds: head & 0x0fff,
        families,
      }
    },
    encode({ gracefulRestart: gr }) {
      if (gr === undefined) return []
      const flags = (gr.restarting ? 0x8000 : 0) | (gr.notification ? 0x4000 : 0)
      const value = new Writer().uint16(flags | Math.min(gr.restartSeconds, 0x0fff))
      for (const { family, forwardingKept } of gr.families) {
        value
          .uint16(family.afi)
          .uint8(family.safi)
          .uint8(forwardingKept ? 0x80 : 0)
      }
      return [value.finish()]
    },
  },
  checkedRow(CapabilityCode.OutboundRouteFilter, 'outbound-route-filtering', (length) => length >= 5),
  {
    code: CapabilityCode.ExtendedNextHop,
    name: 'extended-next-hop',
    decode(value, into) {
      while (value.remaining > 0) {
        const [afi, safi, nextHopAfi] = [value.uint16(), value.uint16(), value.uint16()]
        if (afi === Afi.IPv4 && safi === 1 && nextHopAfi === Afi.IPv6) into.extendedNextHop = true
      }
    },
    encode: ({ extendedNextHop }) =>
      extendedNextHop ? [new Writer().uint16(Afi.IPv4).uint16(1).uint16(Afi.IPv6).finish()] : [],
  },
  {
    code: CapabilityCode.Role,
    name: 'role',
    decode(value, into) {
      const role = value.uint8()
      into.roles ??= []
      if (!into.roles.includes(role)) into.roles.push(role)
    },
    encode: ({ roles = [] }) => roles.map((role) => Uint8Array.of(role)),
    describe: ({ roles = [] }) => `role ${roles.map((role) => ROLES[role]?.name ?? role).join(', ')}`,
  },
  {
    code: CapabilityCode.AddPath,
    name: 'add-path',
    decode(value, into) {
      // Of what is said twice the last counts; another value than 1 to 3 says nothing of its family.
      const said = new Map(into.addPath?.map((entry) => [entry.family, entry]))
      while (value.remaining > 0) {
        const family = familyByCode(value.uint16(), value.uint8())
        const can = value.uint8()
        if (family === undefined || can < 1 || can > 3) continue
        said.set(family, { family, receive: (can & CAN_RECEIVE) !== 0, send: (can & CAN_SEND) !== 0 })
      }
      into.addPath = [...said.values()]
    },
    encode({ addPath = [] }) {
      const able = addPath.filter(({ receive, send }) => receive || send)
      if (able.length === 0) return []
      const value = new Writer()
      for (const { family, receive, send } of able) {
        value
          .uint16(family.afi)
          .uint8(family.safi)
          .uint8((receive ? CAN_RECEIVE : 0) | (send ? CAN_SEND : 0))
      }
      return [value.finish()]
    },
    describe({ addPath = [] }) {
      const said = addPath.map(({ family, receive, send }) => {
        const ways = [...(send ? ['send'] : []), ...(receive ? ['receive'] : [])]
        return `${family.name} ${ways.join('/')}`
      })
      return ['add-path', ...said].join(' ')
    },
  },
  {
    code: CapabilityCode.LongLivedGracefulRestart,
    name: 'long-lived-graceful-restart',
    decode(value, into) {
      const families = []
      while (value.remaining > 0) {
        const family = familyByCode(value.uint16(), value.uint8())
        const flags = value.uint8()
        const staleSeconds = value.uint8() * 0x10000 + value.uint16()
        if (family) families.push({ family, forwardingKept: (flags & 0x80) !== 0, staleSeconds })
      }
      into.longLived = { families }
    },
    encode({ longLived }) {
      if (longLived === undefined) return []
      const value = new Writer()
      for (const { family, forwardingKept, staleSeconds } of longLived.families) {
        value
          .uint16(family.afi)
          .uint8(family.safi)
          .uint8(forwardingKept ? 0x80 : 0)
          .uint8(staleSeconds >>> 16)
          .uint16(staleSeconds & 0xffff)
      }
      return [value.finish()]
    },
    describe({ longLived }) {
      const times = longLived?.families.map(({ family, staleSeconds }) => `${family.name} ${staleSeconds} s`) ?? []
      return ['long-lived-graceful-restart', ...times].join(' ')
    },
  },
]

/** The names of capability codes, for people; unknown ones by number. */
export function capabilityName(code: number): string {
  return ROWS.find((row) => row.code === code)?.name ?? `capability-${code}`
}

/** Reads a run of capability TLVs into `into`; throws Malformed when one overruns or has a wrong length (RFC 5492). */
export function decodeCapabilities(octets: Reader, into: MutableCapabilities): void {
  while (octets.remaining > 0) {
    const code = octets.uint8()
    const value = octets.slice(octets.uint8())
    if (!into.codes.includes(code)) into.codes.push(code)
    const row = ROWS.find((candidate) => candidate.code === code)
    if (row === undefined) continue
    row.decode(value, into)
    if (value.remaining > 0) throw new Malformed(`${row.name} capability has ${value.remaining} octets too many`)
  }
}

export function encodeCapabilities(capabilities: Capabilities, into: Writer): void {
  for (const row of ROWS) {
    for (const value of row.encode(capabilities)) into.uint8(row.code).uint8(value.length).octets(value)
  }
}

export function noCapabilities(): MutableCapabilities {
  return { routeRefresh: false, enhancedRouteRefresh: false, extendedMessage: false, codes: [] }
}

/** `ipv4-unicast, ipv6-unicast, route-refresh, …` as `routelet peers` shows them. */
export function describeCapabilities(capabilities: Capabilities): string[] {
  const families = (capabilities.families ?? []).map((family) => `multiprotocol ${family.name}`)
  const others = capabilities.codes
    .filter((code) => code !== CapabilityCode.MultiprotocolExtensions)
    .map((code) => describe(code, capabilities))
  return [...families, ...others]
}

function describe(code: number, capabilities: Capabilities): string {
  return ROWS.find((row) => row.code === code)?.describe?.(capabilities) ?? capabilityName(code)
}

/** Codes that `encodeCapabilities` would send. */
export function capabilityCodes(capabilities: Omit<Capabilities, 'codes'>): number[] {
  return ROWS.filter((row) => row.encode({ ...capabilities, codes: [] }).length > 0).map((row) => row.code)
}

/** A capability that we do not offer: its length is judged, its value is not used. */
function checkedRow(code: number, name: string, fits: (length: number) => boolean): CapabilityRow {
  return {
    code,
    name,
    decode(value) {
      const { length } = value.take(value.remaining)
      if (!fits(length)) throw new Malformed(`${name} capability of ${length} octets`)
    },
    encode: () => [],
  }
}

function flagRow(
  code: number,
  name: string,
  field: 'routeRefresh' | 'extendedMessage' | 'enhancedRouteRefresh',
): CapabilityRow {
  return {
    code,
    name,
    // Defined as empty; what stands there all the same is not looked at.
    decode(value, into) {
      value.take(value.remaining)
      into[field] = true
    },
    encode: (from) => (from[field] ? [new Uint8Array(0)] : []),
  }
}
