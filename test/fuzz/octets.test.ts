import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodePrefix, keepalive, message, open, RawPeer, u16, u32, update } from '../bgp/raw-peer.ts'
import { peer, Rack } from '../bgp/speakers.ts'
import { FUZZ_TIMEOUT_MS, fuzz } from './budget.ts'

/**
 * No octets from a peer end anything but its own session: whatever comes, the other sessions stay as they are, the
 * octets they get are well-formed, and nothing is thrown that is not a fault of the peer's.
 */
const errors: unknown[] = []
const attributes = {
  origin: [0x40, 1, 1, 0],
  path: [0x40, 2, 10, 2, 2, ...u32(65002), ...u32(7)],
  nextHop: [0x40, 3, 4, 10, 0, 0, 2],
  med: [0x80, 4, 4, ...u32(7)],
  localPref: [0x40, 5, 4, ...u32(200)],
  aggregate: [0x40, 6, 0, 0xc0, 7, 8, ...u32(9), 10, 0, 0, 9],
  communities: [0xc0, 8, 8, ...u32(0xfde80001), ...u32(0xffffff01)],
  reflected: [0x80, 9, 4, 10, 0, 0, 9, 0x80, 10, 4, 9, 9, 9, 9],
  reach: [0x80, 14, 30, 0, 2, 1, 16, ...[0x20, 1, 0x0d, 0xb8, ...Array<number>(11).fill(0), 2], 0],
  ipv6: [64, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1],
  unreach: [0x80, 15, 12, 0, 2, 1, 64, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1],
  extended: [0xc0, 16, 8, 0, 2, 0xfd, 0xe8, 0, 0, 0, 1],
  as4: [0xc0, 17, 6, 2, 1, ...u32(70000), 0xc0, 18, 8, ...u32(70000), 10, 0, 0, 9],
  others: [
    0x80,
    26,
    11,
    1,
    0,
    11,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    9,
    0xc0,
    35,
    4,
    ...u32(65002),
    0xc0,
    40,
    10,
    1,
    0,
    7,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
  ],
  large: [0xc0, 32, 12, ...u32(1), ...u32(2), ...u32(3)],
  set: [0xc0, 128, 8, ...u32(65000), 0x40, 1, 1, 0],
  unknown: [0xd0, 99, 0, 3, 1, 2, 3],
}

function whole(names: readonly (keyof typeof attributes)[], nlri: readonly string[], withdrawn: readonly string[]) {
  const list = names.flatMap((name) => [...attributes[name], ...(name === 'reach' ? attributes.ipv6 : [])])
  const gone = withdrawn.flatMap(encodePrefix)
  return message(2, ...u16(gone.length), ...gone, ...u16(list.length), ...list, ...nlri.flatMap(encodePrefix))
}

const prefixes = fc.subarray(['20.0.0.0/8', '20.1.0.0/16', '20.1.2.0/24', '20.1.2.3/32', '0.0.0.0/0'])
const names = fc.subarray(Object.keys(attributes).filter((name) => name !== 'ipv6') as (keyof typeof attributes)[])
const sensible = fc.tuple(names, prefixes, prefixes).map((parts) => whole(...parts))
const refresh = fc.constantFrom(message(5, 0, 1, 0, 1), message(5, 0, 2, 0, 1), message(5, 0, 1, 1, 1))

/** Octets changed, put in or cut out; the length of the message is set right in most cases, so that what is in it is read. */
const edit = fc.record({
  at: fc.nat(400),
  kind: fc.constantFrom('set', 'flip', 'insert', 'remove'),
  octet: fc.oneof(fc.constantFrom(0, 1, 2, 4, 14, 15, 0x10, 0x40, 0x80, 0xc0, 0xff), fc.integer({ min: 0, max: 255 })),
  count: fc.integer({ min: 1, max: 9 }),
})

function edited(
  octets: Uint8Array,
  edits: readonly { at: number; kind: string; octet: number; count: number }[],
  repair: boolean,
) {
  const body = [...octets]
  for (const { at, kind, octet, count } of edits) {
    const position = 19 + (at % Math.max(1, body.length - 19))
    if (kind === 'set') body[position] = octet
    else if (kind === 'flip') body[position] = (body[position] ?? 0) ^ (1 << (octet & 7))
    else if (kind === 'insert') body.splice(position, 0, ...Array<number>(count).fill(octet))
    else body.splice(position, count)
  }
  if (repair && body.length >= 19) body.splice(16, 2, ...u16(body.length))
  return Uint8Array.from(body)
}

const mutated = (from: fc.Arbitrary<Uint8Array>) =>
  fc
    .tuple(from, fc.array(edit, { maxLength: 4 }), fc.integer({ min: 0, max: 9 }))
    .map(([octets, edits, dice]) => edited(octets, edits, dice > 0))

const SESSIONS = [
  {
    kind: 'internal',
    asn: 65000,
    capabilities: [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 2, 0, 6, 0, 65, 4, ...u32(65000)],
  },
  { kind: 'external', asn: 65002, capabilities: [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 65, 4, ...u32(65002)] },
  { kind: '2-octet', asn: 65002, capabilities: [1, 4, 0, 1, 0, 1, 6, 0] },
] as const

function stage({ asn, capabilities }: Pick<(typeof SESSIONS)[number], 'asn' | 'capabilities'>) {
  const rack = new Rack()
  const policies = [{ name: 'all', rules: [], defaultAction: 'accept' as const }]
  const both = { importPolicies: ['all'], exportPolicies: ['all'], passive: true }
  const tag = {
    name: 'tag',
    rules: [{ name: 't', match: {}, set: { addCommunities: ['1:1'] }, action: 'accept' as const }],
    defaultAction: 'accept' as const,
  }
  const node = rack.speaker(
    '10.0.0.1',
    {
      policies: [...policies, tag],
      peers: [
        peer('10.0.0.2', { ...both, importPolicies: ['tag'], remoteAsn: asn, routeReflectorClient: true }),
        peer('10.0.0.3', { passive: true, routeReflectorClient: true }),
        peer('10.0.0.4', { ...both, remoteAsn: 65004 }),
        peer('10.0.0.5', { ...both, remoteAsn: 65005 }),
      ],
    },
    {},
    (fields) => errors.push(fields),
  )
  const others = [
    new RawPeer(rack, '10.0.0.3').establish('10.0.0.1', open({ identifier: [10, 0, 0, 3], holdSeconds: 0 })),
    new RawPeer(rack, '10.0.0.4').establish(
      '10.0.0.1',
      open({ asn: 65004, identifier: [10, 0, 0, 4], holdSeconds: 0 }),
    ),
    new RawPeer(rack, '10.0.0.5').establish(
      '10.0.0.1',
      open({ asn: 65005, identifier: [10, 0, 0, 5], holdSeconds: 0, capabilities: [1, 4, 0, 1, 0, 1] }),
    ),
  ]
  others[0]!.send(update({ nlri: ['99.0.0.0/8'] }))
  const hello = open({ asn, capabilities })
  return { rack, node, others, hello }
}

/** The others are there, hold the route that has nothing to do with all this, and nothing went wrong inside. */
function unharmed({ node, others }: ReturnType<typeof stage>): void {
  expect(errors).toEqual([])
  for (const at of ['10.0.0.3', '10.0.0.4', '10.0.0.5']) {
    expect(node.peer(at)).toMatchObject({ state: 'Established', timesEstablished: 1 })
  }
  for (const one of others.slice(1)) expect(one.routes.has('99.0.0.0/8')).toBe(true)
  node.speaker.routes({ allPaths: true })
  for (const at of ['10.0.0.3', '10.0.0.5']) node.speaker.routes({ advertisedTo: at })
}

describe.each(SESSIONS)('octets of an $kind peer', (session) => {
  test(
    'UPDATEs and refreshes, changed at random, harm nobody else',
    () => {
      const scene = stage(session)
      const { rack, node, hello, others } = scene
      const arrive = () => {
        const one = new RawPeer(rack, '10.0.0.2')
        // Asking for a refresh while its own routes change, it may be told to forget them.
        one.lenient = true
        return one.establish('10.0.0.1', hello)
      }
      let raw = arrive()
      fuzz(
        fc.array(mutated(fc.oneof({ weight: 9, arbitrary: sensible }, refresh)), { minLength: 1, maxLength: 4 }),
        (messages) => {
          if (raw.closed) {
            rack.settle(70)
            raw = arrive()
            expect(node.peer('10.0.0.2').state).toBe('Established')
          }
          raw.send(Uint8Array.from(messages.flatMap((octets) => [...octets])))
          unharmed(scene)
        },
        { keepsState: true },
      )
      if (!raw.closed) raw.close()
      rack.settle(1)
      for (const one of others.slice(1)) expect([...one.routes.keys()]).toEqual(['99.0.0.0/8'])
    },
    FUZZ_TIMEOUT_MS,
  )
})

test(
  'OPENs and what follows, changed at random, harm nobody else',
  () => {
    const scene = stage(SESSIONS[0])
    const { rack, hello } = scene
    const long = open({ parameters: [255, 255, 0, 9, 2, 0, 6, 65, 4, ...u32(65000)] })
    const opening = fc.constantFrom(
      hello,
      long,
      open({ capabilities: [64, 6, 0x80, 120, 0, 1, 1, 0x80, 9, 1, 3, 69, 4, 0, 1, 1, 3] }),
    )
    fuzz(
      fc.tuple(mutated(opening), mutated(fc.constantFrom(keepalive, message(3, 6, 2, 3, 65, 66, 67)))),
      ([first, second]) => {
        const raw = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').send(first, second, keepalive)
        unharmed(scene)
        if (!raw.closed) raw.close()
        rack.settle(1)
      },
      { keepsState: true },
    )
  },
  FUZZ_TIMEOUT_MS,
)
