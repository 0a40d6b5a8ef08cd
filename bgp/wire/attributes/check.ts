import { BOUNDS } from '../../bounds.ts'
import { PeerFault } from '../faults.ts'
import { AttributeCode, AttributeFlag, NotificationCode, UpdateError } from '../iana.ts'
import { type AttributeContext, type AttributeRow, OPTIONAL, type Remedy, TRANSITIVE, uint16At } from './codec.ts'
import { ATTRIBUTES, attributeName } from './table.ts'

/** One thing that was wrong with an UPDATE's attributes, and what it cost. */
export interface Finding {
  readonly code: number
  readonly remedy: Remedy
  /** `ORIGIN: undefined value 7`. */
  readonly what: string
}

/** What one walk over an UPDATE's attributes found. Reused from message to message. */
export class AttributeScan {
  /** The milder remedies, in order of discovery; a session reset is thrown instead. */
  findings: Finding[] = []
  withdraw = false
  /** Attributes that stay, as offsets of their whole TLV; parallel arrays, `kept` entries are valid. */
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly #codes: number[] = []
  kept = 0
  /** Values of MP_REACH_NLRI and MP_UNREACH_NLRI; -1: absent. */
  mpReachStart = -1
  mpReachEnd = -1
  mpUnreachStart = -1
  mpUnreachEnd = -1
  /** Something was dropped or moved, so the octets that stay differ from those that came. */
  altered = false
  /** Codes met, one bit each. */
  readonly #seen = new Uint8Array(32)

  reset(): void {
    if (this.findings.length > 0) this.findings = []
    this.withdraw = false
    this.kept = 0
    this.mpReachStart = -1
    this.mpUnreachStart = -1
    this.altered = false
    this.#seen.fill(0)
  }

  has(code: number): boolean {
    return (this.#seen[code >> 3]! & (1 << (code & 7))) !== 0
  }

  mark(code: number): void {
    this.#seen[code >> 3]! |= 1 << (code & 7)
  }

  /** They are kept in the order of their codes, in which they should come and need not (RFC 4271, section 5). */
  keep(code: number, start: number, end: number): void {
    let i = this.kept++
    for (; i > 0 && this.#codes[i - 1]! > code; i--) {
      this.#codes[i] = this.#codes[i - 1]!
      this.starts[i] = this.starts[i - 1]!
      this.ends[i] = this.ends[i - 1]!
      this.altered = true
    }
    this.#codes[i] = code
    this.starts[i] = start
    this.ends[i] = end
  }

  note(code: number, remedy: Remedy, what: string): void {
    this.findings.push({ code, remedy, what: `${attributeName(code)}: ${what}` })
    if (remedy === 'treat-as-withdraw') this.withdraw = true
  }
}

/**
 * Judges the attributes in `octets[start..end)`: the only place where RFC 7606 is applied to them. Findings go into
 * `scan`; an error that must end the session is thrown as PeerFault.
 */
export function scanAttributes(
  octets: Uint8Array,
  start: number,
  end: number,
  context: AttributeContext,
  scan: AttributeScan,
): void {
  scan.reset()
  for (let at = start; at < end; ) {
    const flags = octets[at]!
    const code = octets[at + 1]!
    const headerOctets = flags & AttributeFlag.ExtendedLength ? 4 : 3
    if (end - at < headerOctets) return overrun(scan, end - at >= 2 ? code : 0, 'the attribute header is cut short')
    const valueStart = at + headerOctets
    const next = valueStart + (headerOctets === 4 ? uint16At(octets, at + 2) : octets[at + 2]!)
    if (next > end) return overrun(scan, code, 'runs past the attributes')
    if (scan.has(code)) duplicate(scan, code)
    else if (judge(octets, flags, code, valueStart, next, context, scan)) scan.keep(code, at, next)
    else scan.altered = true
    scan.mark(code)
    at = next
  }
}

/** True when the attribute stays among the route's attributes. */
function judge(
  octets: Uint8Array,
  flags: number,
  code: number,
  start: number,
  end: number,
  context: AttributeContext,
  scan: AttributeScan,
): boolean {
  const row = ATTRIBUTES[code]
  if (row === undefined) return judgeUnknown(flags, code, oversized(start, end), scan)
  if (row.ignoreFromExternal && context.external) return dropped(scan, row, 'from an external peer')
  if (row.ignoreFromFourOctetPeer && context.fourOctetAsn) return dropped(scan, row, 'from a 4-octet peer')
  if (((flags ^ row.flags) & (OPTIONAL | TRANSITIVE)) !== 0) {
    const remedy = row.ifFlagsWrong ?? 'treat-as-withdraw'
    return remedied(scan, row, remedy, `flags 0x${flags.toString(16)}`, UpdateError.AttributeFlags)
  }
  const fault = row.check(octets, start, end, context)
  if (fault !== undefined) return remedied(scan, row, row.ifMalformed, fault, UpdateError.OptionalAttribute)
  const refused = row.refuse?.(octets, start, end, context)
  if (refused !== undefined) return remedied(scan, row, 'treat-as-withdraw', refused, UpdateError.OptionalAttribute)
  if (code === AttributeCode.MpReach) {
    scan.mpReachStart = start
    scan.mpReachEnd = end
    return false
  }
  if (code === AttributeCode.MpUnreach) {
    scan.mpUnreachStart = start
    scan.mpUnreachEnd = end
    return false
  }
  // Those two hold routes, of which there may be as many as there is room for.
  const oversize = oversized(start, end)
  return oversize === undefined || remedied(scan, row, 'treat-as-withdraw', oversize, UpdateError.OptionalAttribute)
}

/** RFC 4271, section 5: unknown optional ones pass when transitive and are dropped silently when not. */
function judgeUnknown(flags: number, code: number, oversize: string | undefined, scan: AttributeScan): boolean {
  if ((flags & OPTIONAL) === 0) {
    throw updateFault(UpdateError.UnrecognizedWellKnown, `well-known attribute ${code} is not known`)
  }
  if (oversize !== undefined && (flags & TRANSITIVE) !== 0) scan.note(code, 'treat-as-withdraw', oversize)
  return (flags & TRANSITIVE) !== 0
}

/** What is wrong with an attribute that is well-formed but larger than anything needs to be. */
function oversized(start: number, end: number): string | undefined {
  return end - start > BOUNDS.attributeOctets
    ? `${end - start} octets, at most ${BOUNDS.attributeOctets} are taken`
    : undefined
}

function dropped(scan: AttributeScan, row: AttributeRow, why: string): false {
  scan.note(row.code, 'attribute-discard', `ignored ${why}`)
  return false
}

function remedied(scan: AttributeScan, row: AttributeRow, remedy: Remedy, what: string, subcode: number): boolean {
  switch (remedy) {
    case 'session-reset':
      throw updateFault(subcode, `${row.name}: ${what}`)
    case 'treat-as-withdraw':
    case 'attribute-discard':
      scan.note(row.code, remedy, what)
      return false
  }
}

/** RFC 7606, section 3 (g): the first one counts; twice MP_REACH or MP_UNREACH is beyond repair. */
function duplicate(scan: AttributeScan, code: number): void {
  if (code === AttributeCode.MpReach || code === AttributeCode.MpUnreach) {
    throw updateFault(UpdateError.MalformedAttributeList, `${attributeName(code)} stands twice`)
  }
  scan.note(code, 'attribute-discard', 'stands twice, the first one counts')
  scan.altered = true
}

/** RFC 7606, section 4: the routes are still known from the message's own lengths, unless they were in this attribute. */
function overrun(scan: AttributeScan, code: number, what: string): void {
  if (code === AttributeCode.MpReach || code === AttributeCode.MpUnreach) {
    throw updateFault(UpdateError.MalformedAttributeList, `${attributeName(code)}: ${what}`)
  }
  scan.note(code, 'treat-as-withdraw', what)
  scan.altered = true
}

export function updateFault(subcode: number, message: string): PeerFault {
  return new PeerFault(NotificationCode.Update, subcode, message)
}
