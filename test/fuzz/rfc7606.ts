/**
 * What RFC 7606 and its relatives say of an UPDATE, written from their text over plain numbers and strings and without
 * a look at the engine: the judge of `updates.fuzz.ts`.
 */
export interface FuzzSession {
  readonly external: boolean
  readonly fourOctetAsn: boolean
}

export interface Judgement {
  /** The session must end (NOTIFICATION 3/x); nothing else counts then. */
  readonly reset: boolean
  /**
   * Prefixes to which the peer has a route afterwards, with their attributes, code → value in hex, without what MP_REACH_NLRI
   * said. Undefined where the texts leave it open: next hops that are no host's, and prefixes announced in both ways.
   */
  readonly announced: ReadonlyMap<string, ReadonlyMap<number, string> | undefined>
  /** Those to which it has none. */
  readonly withdrawn: ReadonlySet<string>
}

type Verdict = 'fine' | 'discard' | 'withdraw' | 'reset'

interface Attribute {
  readonly flags: number
  readonly code: number
  readonly value: readonly number[]
}

const OPTIONAL = 0x80
const TRANSITIVE = 0x40
const EXTENDED = 0x10
const REACH = 14
const UNREACH = 15

/** Category bits of the types known (RFC 4271, 5; RFC 1997; 4456; 4360; 4760; 6793; 5701; 7311; 8092; 9234; 8669; 9012). */
const FLAGS: Readonly<Record<number, number>> = {
  1: TRANSITIVE,
  2: TRANSITIVE,
  3: TRANSITIVE,
  4: OPTIONAL,
  5: TRANSITIVE,
  6: TRANSITIVE,
  7: OPTIONAL | TRANSITIVE,
  8: OPTIONAL | TRANSITIVE,
  9: OPTIONAL,
  10: OPTIONAL,
  14: OPTIONAL,
  15: OPTIONAL,
  16: OPTIONAL | TRANSITIVE,
  17: OPTIONAL | TRANSITIVE,
  18: OPTIONAL | TRANSITIVE,
  32: OPTIONAL | TRANSITIVE,
  35: OPTIONAL | TRANSITIVE,
}

/** Types with rules of their own that are not written down here. */
const BEYOND: ReadonlySet<number> = new Set([22, 23, 24, 25, 26, 27, 29, 33, 36, 37, 40, 128])

/** `body` is the message after its header. Undefined: it has attributes of which this judge knows nothing. */
export function judge(body: readonly number[], session: FuzzSession): Judgement | undefined {
  const withdrawnEnd = 2 + word16(body, 0)
  if (withdrawnEnd + 2 > body.length) return RESET
  const attributesEnd = withdrawnEnd + 2 + word16(body, withdrawnEnd)
  if (attributesEnd > body.length) return RESET
  const gone = prefixes(body.slice(2, withdrawnEnd), 4)
  const nlri = prefixes(body.slice(attributesEnd), 4)
  if (gone === undefined || nlri === undefined) return RESET

  const { attributes, verdict, cut } = walk(body.slice(withdrawnEnd + 2, attributesEnd))
  if (attributes.some(({ code }) => BEYOND.has(code)) || BEYOND.has(cut ?? 0)) return undefined
  if (verdict === 'reset') return RESET
  let worst: Verdict = verdict
  const kept = new Map<number, string>()
  const seen = new Set<number>(attributes.map(({ code }) => code))
  if (cut !== undefined) seen.add(cut)
  for (const attribute of attributes) {
    const each = judgeOne(attribute, session)
    if (each === 'reset') return RESET
    if (each === 'withdraw') worst = 'withdraw'
    if (each === 'fine' && passes(attribute)) kept.set(attribute.code, hex(attribute.value))
  }
  const reach = mp(attributes.find(({ code }) => code === REACH)?.value, true)
  const unreach = mp(attributes.find(({ code }) => code === UNREACH)?.value, false)
  if (reach === 'bad' || unreach === 'bad') return RESET

  const reachable = [...nlri, ...(reach?.prefixes ?? [])]
  if (reachable.length > 0) {
    // RFC 7606, section 3 (d).
    if (!seen.has(1) || !seen.has(2)) worst = 'withdraw'
    if (nlri.length > 0 && !seen.has(3)) worst = 'withdraw'
  } else if (worst === 'withdraw') {
    // RFC 7606, section 5.2.
    return RESET
  }
  kept.delete(REACH)
  kept.delete(UNREACH)
  const announced = new Map<string, ReadonlyMap<number, string> | undefined>()
  if (worst !== 'withdraw') {
    // RFC 4760, section 3: NEXT_HOP says nothing of the routes in MP_REACH_NLRI.
    const withoutNextHop = new Map([...kept].filter(([code]) => code !== 3))
    for (const prefix of reach?.prefixes ?? []) announced.set(prefix, reach?.host ? withoutNextHop : undefined)
    const usable = isHost(kept.get(3) ?? '')
    for (const prefix of nlri) announced.set(prefix, usable && !announced.has(prefix) ? kept : undefined)
  }
  const withdrawn = new Set(
    [...gone, ...(unreach?.prefixes ?? []), ...reachable].filter((each) => !announced.has(each)),
  )
  announced.delete(NOWHERE)
  withdrawn.delete(NOWHERE)
  return { reset: false, announced, withdrawn }
}

const RESET: Judgement = { reset: true, announced: new Map(), withdrawn: new Set() }

/** RFC 7606, section 3 (g) and section 4. `cut`: the code of the one that runs past the end. */
function walk(octets: readonly number[]): {
  attributes: Attribute[]
  verdict: Verdict
  cut?: number
} {
  const attributes: Attribute[] = []
  for (let at = 0; at < octets.length; ) {
    const [flags = 0, code = 0] = [octets[at], octets[at + 1]]
    const header = flags & EXTENDED ? 4 : 3
    const isMp = at + 1 < octets.length && (code === REACH || code === UNREACH)
    if (at + header > octets.length) return { attributes, verdict: isMp ? 'reset' : 'withdraw', cut: code }
    const length = header === 4 ? word16(octets, at + 2) : octets[at + 2]!
    const next = at + header + length
    if (next > octets.length) return { attributes, verdict: isMp ? 'reset' : 'withdraw', cut: code }
    if (attributes.some((other) => other.code === code)) {
      if (isMp) return { attributes, verdict: 'reset' }
    } else attributes.push({ flags, code, value: octets.slice(at + header, next) })
    at = next
  }
  return { attributes, verdict: 'fine' }
}

function judgeOne({ flags, code, value }: Attribute, { external, fourOctetAsn }: FuzzSession): Verdict {
  const known = FLAGS[code]
  // RFC 4271, section 6.3.
  if (known === undefined) return (flags & OPTIONAL) === 0 ? 'reset' : 'fine'
  // RFC 7606, section 7.5, 7.9, 7.10: from an external peer they do not matter at all.
  if (external && (code === 5 || code === 9 || code === 10)) return 'discard'
  // RFC 6793, section 6.
  if ((code === 17 || code === 18) && fourOctetAsn) return 'discard'
  if (((flags ^ known) & (OPTIONAL | TRANSITIVE)) !== 0) {
    if (code === REACH || code === UNREACH) return 'reset'
    return code === 17 || code === 18 ? 'discard' : 'withdraw'
  }
  return judgeValue(code, value, fourOctetAsn)
}

function judgeValue(code: number, value: readonly number[], fourOctetAsn: boolean): Verdict {
  const size = value.length
  const unless = (fine: boolean, verdict: Verdict = 'withdraw'): Verdict => (fine ? 'fine' : verdict)
  switch (code) {
    case 1:
      return unless(size === 1 && value[0]! <= 2)
    case 2:
      return unless(isPath(value, fourOctetAsn ? 4 : 2))
    case 3:
    case 4:
    case 5:
    case 9:
    case 35:
      return unless(size === 4)
    case 6:
      return unless(size === 0, 'discard')
    case 7: {
      const wide = fourOctetAsn ? 4 : 2
      return unless(size === wide + 4 && value.slice(0, wide).some((octet) => octet !== 0), 'discard')
    }
    case 8:
    case 10:
      return unless(size > 0 && size % 4 === 0)
    case 16:
      return unless(size > 0 && size % 8 === 0)
    case 17:
      return unless(size > 0 && isAs4Path(value), 'discard')
    case 18:
      return unless(size === 8 && value.slice(0, 4).some((octet) => octet !== 0), 'discard')
    case 32:
      return unless(size > 0 && size % 12 === 0)
    default:
      return 'fine'
  }
}

/** RFC 7606, section 7.2; AS 0: RFC 7607; sets: RFC 9774; confederation segments: RFC 5065, section 5. */
function isPath(value: readonly number[], width: number): boolean {
  return segments(value, width)?.every(({ type, asns }) => type === 2 && asns.every((asn) => asn !== 0)) ?? false
}

function isAs4Path(value: readonly number[]): boolean {
  return segments(value, 4)?.every(({ type, asns }) => type !== 1 && asns.every((asn) => asn !== 0)) ?? false
}

function segments(value: readonly number[], width: number): { type: number; asns: number[] }[] | undefined {
  const found: { type: number; asns: number[] }[] = []
  for (let at = 0; at < value.length; ) {
    const [type = 0, count = 0] = [value[at], value[at + 1]]
    const next = at + 2 + count * width
    if (type < 1 || type > 4 || count === 0 || next > value.length) return undefined
    const asns = Array.from({ length: count }, (_, i) =>
      value.slice(at + 2 + i * width, at + 2 + (i + 1) * width).reduce((sum, octet) => sum * 256 + octet, 0),
    )
    found.push({ type, asns })
    at = next
  }
  return found
}

/** RFC 4271, section 5: unknown ones stay when they are transitive. */
function passes({ flags, code }: Attribute): boolean {
  return FLAGS[code] !== undefined || (flags & TRANSITIVE) !== 0
}

/** MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760, sections 3, 4 and 7); families that were not negotiated are ignored. */
function mp(
  value: readonly number[] | undefined,
  reach: boolean,
): { prefixes: string[]; host: boolean } | 'bad' | undefined {
  if (value === undefined) return undefined
  if (value.length < (reach ? 5 : 3)) return 'bad'
  const [afi, safi] = [word16(value, 0), value[2]!]
  const family = afi === 1 ? 4 : afi === 2 ? 6 : undefined
  const nextHopEnd = reach ? 4 + value[3]! : 3
  if (reach && nextHopEnd + 1 > value.length) return 'bad'
  // RFC 4760, section 7: what was not negotiated is ignored; there is something in it all the same.
  const rest = value.length > (reach ? nextHopEnd + 1 : 3)
  if (family === undefined || safi !== 1) return { prefixes: reach && rest ? [NOWHERE] : [], host: true }
  const nextHop = value.slice(4, nextHopEnd)
  if (reach && !(family === 4 ? [4] : [16, 32]).includes(nextHop.length)) return 'bad'
  const list = prefixes(value.slice(reach ? nextHopEnd + 1 : 3), family)
  if (list === undefined) return 'bad'
  return { prefixes: list, host: !reach || isHost(hex(nextHop)) }
}

/** Stands for prefixes that no route can go to: they count as NLRI, and that is all. */
const NOWHERE = ''

/** Canonical texts; undefined when the list is malformed (RFC 7606, section 5.3). */
function prefixes(octets: readonly number[], family: 4 | 6): string[] | undefined {
  const found: string[] = []
  for (let at = 0; at < octets.length; ) {
    const bits = octets[at]!
    const next = at + 1 + Math.ceil(bits / 8)
    if (bits > (family === 4 ? 32 : 128) || next > octets.length) return undefined
    const address = octets.slice(at + 1, next)
    if (bits % 8 !== 0) address.push(address.pop()! & (0xff << (8 - (bits % 8))) & 0xff)
    while (address.length < (family === 4 ? 4 : 16)) address.push(0)
    found.push(isMartian(address, bits, family) ? NOWHERE : `${hex(address)}/${bits}`)
    at = next
  }
  return found
}

/** Multicast, reserved, loopback and link-local space is no destination of a route. */
function isMartian(address: readonly number[], bits: number, family: 4 | 6): boolean {
  const [first = 0, second = 0] = address
  if (family === 6) return (bits >= 8 && first === 0xff) || (bits >= 10 && first === 0xfe && (second & 0xc0) === 0x80)
  if (bits >= 3 && first >= 224) return true
  return (bits >= 8 && first === 127) || (bits >= 16 && first === 169 && second === 254)
}

/** Plainly an address of a host; anything that could be disputed is not. */
function isHost(nextHop: string): boolean {
  const first = Number.parseInt(nextHop.slice(0, 2), 16)
  if (nextHop.length === 8) return first !== 0 && first !== 127 && first < 224
  return first >= 0x20 && first < 0xfe
}

function word16(octets: readonly number[], at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)
}

function hex(octets: readonly number[]): string {
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
}
