import { maxLength } from '../../routing/ip/prefix.ts'
import type { FamilyName } from '../contract.ts'
import { AttributeScan, type Finding, scanAttributes, updateFault } from '../wire/attributes/check.ts'
import type { AttributeContext } from '../wire/attributes/codec.ts'
import { uint16At } from '../wire/attributes/codec.ts'
import { type MpReachParts, mpReachParts, usableNextHop } from '../wire/attributes/mp.ts'
import { normalizeAttributes } from '../wire/attributes/normalize.ts'
import { type FamilyRow, familyByCode } from '../wire/families.ts'
import { AttributeCode, UpdateError } from '../wire/iana.ts'
import { isNlri } from '../wire/nlri.ts'
import { layUpdateOut, newLayout } from '../wire/update.ts'
import { MAX_SET_OCTETS, type SetId } from './attributes-table.ts'
import { SetFlag, type SetSource } from './fields.ts'
import { type ReceiverTables, RouteIntake } from './route-intake.ts'

export interface ReceiverEvents {
  endOfRib(family: FamilyRow): void
  /** RFC 7606: something was wrong that did not end the session. `octets` is the attribute part, valid during the call. */
  discarded(findings: readonly Finding[], octets: Uint8Array): void
}

const NONE = 0
const NO_MP = -1

/**
 * UPDATEs of one session → Adj-RIB-In. The common case (attributes seen before, IPv4) costs one hash of the attribute
 * octets, or none when they are the last message's, and one probe per prefix.
 */
export class UpdateReceiver {
  #tables: ReceiverTables
  readonly #source: SetSource
  readonly #context: AttributeContext
  readonly #events: ReceiverEvents
  readonly #layout = newLayout()
  readonly #scan = new AttributeScan()
  readonly #intake: RouteIntake
  #scratch = new Uint8Array(4096 + 256)

  constructor(tables: ReceiverTables, source: SetSource, context: AttributeContext, events: ReceiverEvents) {
    this.#tables = tables
    this.#intake = new RouteIntake(tables, source.slot)
    this.#source = source
    this.#context = context
    this.#events = events
  }

  /** New policies; rows that stand are re-filtered by the owner. */
  set tables(tables: ReceiverTables) {
    this.#tables = tables
    this.#intake.tables = tables
  }

  /** Announcements dropped because of `limits`. */
  get overLimit(): Map<FamilyName, number> {
    return this.#intake.overLimit
  }

  /** Takes the body of an UPDATE in `octets[start..end)`. Throws PeerFault when the session cannot go on. Hot. */
  receive(octets: Uint8Array, start: number, end: number): void {
    const layout = this.#layout
    layUpdateOut(octets, start, end, layout)
    const { withdrawnStart, withdrawnEnd, attributesStart, attributesEnd, nlriEnd } = layout
    if (attributesStart === attributesEnd && withdrawnStart === withdrawnEnd && attributesEnd === nlriEnd) {
      return this.#endOfRib4()
    }
    this.#checkNlri4(octets, withdrawnStart, withdrawnEnd)
    this.#checkNlri4(octets, attributesEnd, nlriEnd)
    const known = attributesEnd < nlriEnd ? this.#knownSet(octets, attributesStart, attributesEnd) : NONE
    if (known === NONE) return this.#receiveNew(octets)
    const { sets } = this.#tables
    // The routes withdrawn may be the last of the very set that is announced.
    sets.retain(known)
    this.#withdraw4(octets, withdrawnStart, withdrawnEnd)
    this.#announce4(octets, attributesEnd, nlriEnd, known)
    sets.release(known)
  }

  /**
   * A set that came before with exactly these octets has been judged before. Not with 2-octet AS numbers: sets are kept
   * with wide ones, so octets that are the same say something else.
   */
  #knownSet(octets: Uint8Array, start: number, end: number): SetId {
    if (!this.#context.fourOctetAsn) return NONE
    const set = this.#tables.sets.find(this.#source.slot, octets, start, end)
    return set !== NONE && (this.#tables.sets.flags[set]! & SetFlag.MpNextHop) === 0 ? set : NONE
  }

  #receiveNew(octets: Uint8Array): void {
    const { withdrawnStart, withdrawnEnd, attributesStart, attributesEnd, nlriEnd } = this.#layout
    const scan = this.#scan
    scanAttributes(octets, attributesStart, attributesEnd, this.#context, scan)
    const reach = scan.mpReachStart < 0 ? undefined : mpReachParts(octets, scan.mpReachStart)
    const hasClassic = attributesEnd < nlriEnd
    this.#checkMandatory(hasClassic, reach !== undefined && reach.nlriStart < scan.mpReachEnd)
    this.#checkMp(octets, reach)
    if (scan.withdraw && !hasClassic && !(reach && reach.nlriStart < scan.mpReachEnd)) this.#refuseUnlocated()
    if (scan.findings.length > 0) this.#events.discarded(scan.findings, octets.subarray(attributesStart, attributesEnd))

    this.#withdraw4(octets, withdrawnStart, withdrawnEnd)
    this.#withdrawMp(octets)
    if (hasClassic) {
      const set = scan.withdraw ? NONE : this.#intern(octets, NO_MP)
      if (set === NONE) this.#withdraw4(octets, attributesEnd, nlriEnd)
      else this.#announce4(octets, attributesEnd, nlriEnd, set)
    }
    if (reach !== undefined) this.#reachMp(octets, reach)
  }

  /** RFC 7606, section 3 (d) and 5.2. */
  #checkMandatory(hasClassic: boolean, hasMp: boolean): void {
    if (!hasClassic && !hasMp) return
    const scan = this.#scan
    for (const code of [AttributeCode.Origin, AttributeCode.AsPath]) {
      if (!scan.has(code)) scan.note(code, 'treat-as-withdraw', 'missing')
    }
    if (hasClassic && !scan.has(AttributeCode.NextHop)) scan.note(AttributeCode.NextHop, 'treat-as-withdraw', 'missing')
  }

  /**
   * RFC 7606, section 5.2: when routes should be withdrawn but none are named, the peer's idea of the message is lost.
   * Withdrawals alone, or an error in nothing but MP_UNREACH_NLRI's company, name what they mean.
   */
  #refuseUnlocated(): never {
    const what = this.#scan.findings.find(({ remedy }) => remedy === 'treat-as-withdraw')?.what ?? 'attribute error'
    throw updateFault(UpdateError.MalformedAttributeList, `${what}, in an UPDATE without reachable routes`)
  }

  #checkNlri4(octets: Uint8Array, start: number, end: number): void {
    if (!isNlri(octets, start, end, 32, this.#tables.pathIds.has('ipv4-unicast')))
      throw updateFault(UpdateError.InvalidNetworkField, 'malformed IPv4 NLRI')
  }

  #checkMp(octets: Uint8Array, reach: MpReachParts | undefined): void {
    const scan = this.#scan
    if (reach !== undefined) this.#checkMpNlri(octets, reach.afi, reach.safi, reach.nlriStart, scan.mpReachEnd)
    if (scan.mpUnreachStart < 0) return
    const at = scan.mpUnreachStart
    this.#checkMpNlri(octets, uint16At(octets, at), octets[at + 2]!, at + 3, scan.mpUnreachEnd)
  }

  #checkMpNlri(octets: Uint8Array, afi: number, safi: number, start: number, end: number): void {
    const family = this.#negotiated(afi, safi)
    if (family === undefined) return
    if (!isNlri(octets, start, end, maxLength(family.family), this.#tables.pathIds.has(family.name))) {
      throw updateFault(UpdateError.OptionalAttribute, `malformed ${family.name} NLRI`)
    }
  }

  #negotiated(afi: number, safi: number): FamilyRow | undefined {
    const family = familyByCode(afi, safi)
    return family && this.#tables.ribs.has(family.name) ? family : undefined
  }

  #withdrawMp(octets: Uint8Array): void {
    const scan = this.#scan
    if (scan.mpUnreachStart < 0) return
    const at = scan.mpUnreachStart
    const family = this.#negotiated(uint16At(octets, at), octets[at + 2]!)
    if (family === undefined) return
    // Nothing else in the message: End-of-RIB (RFC 4724, section 2).
    const { withdrawnStart, withdrawnEnd, attributesStart, attributesEnd, nlriEnd } = this.#layout
    const alone = at - attributesStart <= 4 && scan.mpUnreachEnd === attributesEnd
    if (alone && at + 3 === attributesEnd && withdrawnStart === withdrawnEnd && attributesEnd === nlriEnd) {
      return this.#events.endOfRib(family)
    }
    this.#intake.withdraw(this.#tables.ribs.get(family.name)!, octets, at + 3, scan.mpUnreachEnd)
  }

  #reachMp(octets: Uint8Array, reach: MpReachParts): void {
    const family = this.#negotiated(reach.afi, reach.safi)
    if (family === undefined || reach.nlriStart === this.#scan.mpReachEnd) return
    const usable = usableNextHop(octets, reach.nextHopStart, reach.nextHopLength) >= 0
    const set = this.#scan.withdraw || !usable ? NONE : this.#intern(octets, this.#scan.mpReachStart)
    const rib = this.#tables.ribs.get(family.name)!
    if (set === NONE) this.#intake.withdraw(rib, octets, reach.nlriStart, this.#scan.mpReachEnd)
    else this.#intake.announce(rib, octets, reach.nlriStart, this.#scan.mpReachEnd, set)
  }

  /** The set of the attributes just scanned; none when they are longer than attributes can be (RFC 7606, section 2). */
  #intern(octets: Uint8Array, mpReachStart: number): SetId {
    const { attributesStart, attributesEnd } = this.#layout
    const { sets } = this.#tables
    const scan = this.#scan
    // RFC 9234, section 5: what comes down or across without ONLY_TO_CUSTOMER gets it here.
    const markAsn = this.#source.role?.marksReceived ? this.#source.remoteAsn : 0
    const asItCame =
      mpReachStart < 0 &&
      !scan.altered &&
      markAsn === 0 &&
      this.#context.fourOctetAsn &&
      scan.mpReachStart < 0 &&
      scan.mpUnreachStart < 0
    if (asItCame) return sets.add(this.#source, octets, attributesStart, attributesEnd)
    const room = (attributesEnd - attributesStart) * 2 + 64
    if (room > this.#scratch.length) this.#scratch = new Uint8Array(room)
    const end = normalizeAttributes(octets, scan, this.#context.fourOctetAsn, mpReachStart, this.#scratch, markAsn)
    // AS numbers made wide may need more than a length of 16 bits can say.
    if (end > MAX_SET_OCTETS) return NONE
    return sets.find(this.#source.slot, this.#scratch, 0, end) || sets.add(this.#source, this.#scratch, 0, end)
  }

  #withdraw4(octets: Uint8Array, start: number, end: number): void {
    const rib = this.#tables.ribs.get('ipv4-unicast')
    if (rib !== undefined && start < end) this.#intake.withdraw(rib, octets, start, end)
  }

  #announce4(octets: Uint8Array, start: number, end: number, set: SetId): void {
    const rib = this.#tables.ribs.get('ipv4-unicast')
    if (rib !== undefined) this.#intake.announce(rib, octets, start, end, set)
  }

  #endOfRib4(): void {
    const rib = this.#tables.ribs.get('ipv4-unicast')
    if (rib !== undefined) this.#events.endOfRib(rib.family)
  }
}
