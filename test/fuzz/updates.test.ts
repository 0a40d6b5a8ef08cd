import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Tables } from '../../bgp/rib/tables.ts'
import { UpdateReceiver } from '../../bgp/rib/update-receiver.ts'
import { PeerFault } from '../../bgp/wire/faults.ts'
import { address } from '../../routing/ip/address.ts'
import { emptyPrefix } from '../../routing/ip/prefix-table.ts'
import { hex, u16, u32 } from '../bgp/raw-peer.ts'
import { seeded } from '../bgp/speakers.ts'
import { FUZZ_TIMEOUT_MS, fuzz } from './budget.ts'
import { type FuzzSession, type Judgement, judge } from './rfc7606.ts'

const LOCAL_ASN = 65000

interface Piece {
  readonly flags: number
  readonly code: number
  readonly value: readonly number[]
  /** A length field that lies. */
  readonly claims?: number
  readonly extended: boolean
}

const SAMPLES: readonly (readonly [flags: number, code: number, ...value: number[]])[] = [
  [0x40, 1, 0],
  [0x40, 1, 2],
  [0x40, 2, 2, 2, ...u32(65002), ...u32(70000)],
  [0x40, 2],
  [0x40, 3, 10, 0, 0, 2],
  [0x80, 4, ...u32(7)],
  [0x40, 5, ...u32(200)],
  [0x40, 6],
  [0xc0, 7, ...u32(9), 10, 0, 0, 9],
  [0xc0, 8, ...u32(0xfde80001), ...u32(0xfde80002)],
  [0x80, 9, 10, 0, 0, 9],
  [0x80, 10, 9, 9, 9, 9, 8, 8, 8, 8],
  [0x80, 14, 0, 2, 1, 16, 0x20, 1, 0x0d, 0xb8, ...Array<number>(11).fill(0), 2, 0, 64, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1],
  [0x80, 14, 0, 1, 1, 4, 10, 0, 0, 2, 0, 24, 20, 7, 7],
  [0x80, 15, 0, 2, 1, 64, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 2],
  [0x80, 15, 0, 1, 1, 16, 20, 1],
  [0xc0, 16, 0, 2, 0xfd, 0xe8, 0, 0, 0, 1],
  [0xc0, 17, 2, 1, ...u32(70000)],
  [0xc0, 18, ...u32(70000), 10, 0, 0, 9],
  [0xc0, 32, ...u32(1), ...u32(2), ...u32(3)],
  [0xc0, 35, ...u32(65002)],
  [0xc0, 99, 1, 2, 3],
  [0x80, 98, 1],
]
/** With these any route is whole, so that most messages are. */
const MANDATORY = [SAMPLES[0]!, SAMPLES[2]!, SAMPLES[4]!]
const PREFIXES = [
  [8, 20],
  [16, 20, 1],
  [24, 20, 1, 2],
  [32, 20, 1, 2, 3],
  [0],
  [24, 20, 7, 7],
  [20, 20, 9, 0x1f],
  [8, 224],
]

const octet = fc.oneof(fc.constantFrom(0, 1, 2, 4, 0x10, 0x40, 0x80, 0xc0, 0xff), fc.integer({ min: 0, max: 255 }))

const piece: fc.Arbitrary<Piece> = fc
  .record({
    sample: fc.constantFrom(...SAMPLES),
    flip: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constantFrom(0x80, 0x40, 0x20, 0x0f, 0xc0)),
    edit: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      fc.record({ kind: fc.constantFrom('set', 'cut', 'add'), at: fc.nat(40), octet }),
    ),
    claims: fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, fc.integer({ min: -4, max: 9 })),
    extended: fc.boolean(),
  })
  .map(({ sample: [flags, code, ...value], flip, edit, claims, extended }) => {
    if (edit?.kind === 'set' && value.length > 0) value[edit.at % value.length] = edit.octet
    if (edit?.kind === 'cut') value.splice(value.length === 0 ? 0 : edit.at % value.length, 1)
    if (edit?.kind === 'add') value.splice(edit.at % (value.length + 1), 0, edit.octet)
    const wrong = claims === undefined ? {} : { claims: Math.max(0, value.length + claims) }
    return { flags: flags ^ flip, code, value, extended, ...wrong }
  })

const nlri = fc
  .tuple(
    fc.subarray(PREFIXES),
    fc.oneof({ weight: 12, arbitrary: fc.constant([]) }, fc.array(octet, { minLength: 1, maxLength: 3 })),
  )
  .map(([list, noise]) => [...list.flat(), ...noise])

const body = fc
  .record({
    withdrawn: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, nlri),
    first: fc.oneof({ weight: 5, arbitrary: fc.constant(MANDATORY) }, fc.subarray(MANDATORY)),
    pieces: fc.array(piece, { maxLength: 5 }),
    shift: fc.nat(9),
    nlri,
    lies: fc.oneof({ weight: 25, arbitrary: fc.constant([0, 0]) }, fc.tuple(fc.integer(), fc.integer())),
  })
  .map(({ withdrawn, first, pieces, shift, nlri, lies: [lieA = 0, lieB = 0] }) => {
    const whole = first.map(([flags, code, ...value]) => ({ flags, code, value, extended: false }))
    const list = [...whole.slice(shift % 4), ...pieces, ...whole.slice(0, shift % 4)].flatMap(encode)
    const withdrawnLength = (withdrawn.length + (lieA % 5)) & 0xffff
    const listLength = (list.length + (lieB % 5)) & 0xffff
    return [...u16(withdrawnLength), ...withdrawn, ...u16(listLength), ...list, ...nlri]
  })

function encode({ flags, code, value, claims = value.length, extended }: Piece): number[] {
  const head = extended ? flags | 0x10 : flags & ~0x10
  return [head & 0xff, code, ...(extended ? u16(claims) : [claims & 0xff]), ...value]
}

/** Whole tables and a session, to which all prefixes have been announced well. */
class Bench {
  readonly tables = new Tables(seeded(1), undefined)
  readonly slot: number
  readonly #receiver: UpdateReceiver

  constructor({ external, fourOctetAsn }: FuzzSession) {
    this.slot = this.tables.takeSlot((slot) => ({
      name: 'peer',
      address: address('10.0.0.2'),
      source: {
        slot,
        external,
        local: false,
        client: false,
        localAsn: LOCAL_ASN,
        allowOwnAsn: 0,
        remoteAsn: external ? 65002 : LOCAL_ASN,
        role: undefined,
        remoteIdentifier: 2,
        localIdentifier: 1,
        clusterId: 1,
        ownClusterIds: [1],
        interfaceName: undefined,
      },
    }))
    this.#receiver = new UpdateReceiver(
      {
        sets: this.tables.sets,
        ribs: this.tables.ribs,
        filters: new Map(),
        acceptByDefault: true,
        limits: new Map(),
        pathIds: new Set(),
      },
      this.tables.sourceOf(this.slot),
      { external, fourOctetAsn, extendedNextHop: false, refuseAsSets: true },
      { endOfRib() {}, discarded() {} },
    )
  }

  /** True when the session goes on. */
  receive(octets: readonly number[]): boolean {
    try {
      this.#receiver.receive(Uint8Array.from(octets), 0, octets.length)
      return true
    } catch (error) {
      if (error instanceof PeerFault && error.notification.code === 3) return false
      throw error
    }
  }

  /** Prefix → attributes of the peer's route, code → value, without what MP_REACH_NLRI said. */
  routes(): Map<string, Map<number, string>> {
    const found = new Map<string, Map<number, string>>()
    for (const rib of this.tables.ribs.values()) {
      rib.sweep(this.slot, 1, 100_000, (row, prefix) => {
        const { w0, w1, w2, w3, length, family } = rib.prefixes.read(prefix, emptyPrefix(rib.family.family))
        const words = family === 4 ? [w0] : [w0, w1, w2, w3]
        const text = words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
        found.set(`${text}/${length}`, attributesOf(this.tables.sets.copyOf(rib.setOf(row))))
      })
    }
    return found
  }
}

function attributesOf(octets: Uint8Array): Map<number, string> {
  const found = new Map<number, string>()
  for (let at = 0; at < octets.length; ) {
    const wide = (octets[at]! & 0x10) !== 0
    const start = at + (wide ? 4 : 3)
    const next = start + (wide ? (octets[at + 2]! << 8) | octets[at + 3]! : octets[at + 2]!)
    found.set(octets[at + 1]!, hex(octets.subarray(start, next)))
    at = next
  }
  found.delete(14)
  return found
}

const BEFORE = [
  ...u16(0),
  ...u16(MANDATORY.flatMap(sampleOctets).length),
  ...MANDATORY.flatMap(sampleOctets),
  ...PREFIXES.flat(),
]

function sampleOctets([flags, code, ...value]: (typeof SAMPLES)[number]): number[] {
  return encode({ flags, code, value, extended: false })
}

const SESSIONS: readonly (FuzzSession & { readonly kind: string })[] = [
  { kind: 'internal', external: false, fourOctetAsn: true },
  { kind: 'external', external: true, fourOctetAsn: true },
]

describe.each(SESSIONS)('UPDATEs of an $kind peer', (session) => {
  test(
    'are treated as RFC 7606 says',
    () => {
      fuzz(body, (octets) => {
        const bench = new Bench(session)
        expect(bench.receive(BEFORE)).toBe(true)
        const before = bench.routes()
        const verdict = judge(octets, session)
        fc.pre(verdict !== undefined)
        expect(bench.receive(octets), verdict!.reset ? 'must end the session' : 'must not end the session').toBe(
          !verdict.reset,
        )
        if (!verdict.reset) compare(bench.routes(), before, verdict)
      })
    },
    FUZZ_TIMEOUT_MS,
  )
})

function compare(after: Map<string, Map<number, string>>, before: Map<string, unknown>, verdict: Judgement): void {
  for (const prefix of verdict.withdrawn) expect(after.has(prefix), `${prefix} is withdrawn`).toBe(false)
  for (const prefix of before.keys()) {
    if (verdict.announced.has(prefix) || verdict.withdrawn.has(prefix)) continue
    expect(after.get(prefix), `${prefix} stays`).toEqual(before.get(prefix))
  }
  for (const [prefix, attributes] of verdict.announced) {
    if (attributes !== undefined) expect(after.get(prefix), `attributes of ${prefix}`).toEqual(new Map(attributes))
  }
}
