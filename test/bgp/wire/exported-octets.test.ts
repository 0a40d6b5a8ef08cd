import { describe, expect, test } from 'vitest'
import { hex, open, RawPeer, u32, update } from '../raw-peer.ts'
import { own, peer, Rack } from '../speakers.ts'

/** Whole UPDATEs as they leave, octet for octet; written out from RFC 4271, 4456, 4760 and 6793. */
function relay(options: {
  fields: Parameters<typeof update>[0]
  to: Parameters<typeof peer>[1]
  openOctets?: Uint8Array
}) {
  const rack = new Rack()
  rack.speaker('10.0.0.1', {
    policies: [{ name: 'all', rules: [], defaultAction: 'accept' }],
    peers: [
      peer('10.0.0.2', { passive: true, routeReflectorClient: true }),
      peer('10.0.0.3', { passive: true, exportPolicies: ['all'], ...options.to }),
    ],
  })
  const receiver = new RawPeer(rack, '10.0.0.3').establish(
    '10.0.0.1',
    options.openOctets ?? open({ identifier: [10, 0, 0, 3] }),
  )
  new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open()).send(update(options.fields))
  return receiver.received
    .filter((octets) => octets[18] === 2 && octets.length > 23)
    .map((octets) => hex(octets.subarray(19)))
}

const plain = { nlri: ['20.0.0.0/8'], nextHop: [10, 0, 0, 2], localPref: 150 }

describe('an UPDATE to', () => {
  test('an internal peer: ORIGINATOR_ID and CLUSTER_LIST are added, in order, nothing else changes (RFC 4456, 8)', () => {
    const [octets] = relay({ fields: { ...plain, asPath: [1], communities: [0xfde80001] }, to: {} })
    expect(octets).toBe(
      '0000' +
        '0030' +
        '40010100' +
        '40020602010000' +
        '0001' +
        '4003040a000002' +
        '40050400000096' +
        'c00804fde80001' +
        '8009040a000002' +
        '800a040a000001' +
        '0814',
    )
  })

  test('an internal peer: what was reflected before keeps its originator, the cluster goes in front', () => {
    const [octets] = relay({ fields: { ...plain, originatorId: [9, 9, 9, 9], clusterList: [[8, 8, 8, 8]] }, to: {} })
    expect(octets).toBe(
      '0000' +
        '0027' +
        '40010100' +
        '400200' +
        '4003040a000002' +
        '40050400000096' +
        '80090409090909' +
        '800a080a00000108080808' +
        '0814',
    )
  })

  test('an external peer: own AS in front, own next hop, no LOCAL_PREF, no MED of another AS', () => {
    const [octets] = relay({
      fields: { ...plain, asPath: [7], med: 5 },
      to: { remoteAsn: 65003 },
      openOctets: open({ asn: 65003, identifier: [10, 0, 0, 3] }),
    })
    expect(octets).toBe('0000' + '0018' + '40010100' + '40020a02020000fde800000007' + '4003040a000001' + '0814')
  })

  test('a 2-octet peer: AS_TRANS in AS_PATH, the truth in AS4_PATH (RFC 6793, 4.2.2)', () => {
    const [octets] = relay({
      fields: { ...plain, asPath: [70000] },
      to: { remoteAsn: 65003 },
      openOctets: open({ asn: 65003, identifier: [10, 0, 0, 3], capabilities: [1, 4, 0, 1, 0, 1] }),
    })
    expect(octets).toBe(
      '0000' + '0021' + '40010100' + '4002060202fde85ba0' + 'c0110a02020000fde800011170' + '4003040a000001' + '0814',
    )
  })

  test('anybody: an unknown transitive attribute goes on with the Partial bit, a non-transitive one stays', () => {
    const [octets] = relay({ fields: { ...plain, extra: [0xc0, 99, 2, 1, 2, 0x80, 98, 1, 1] }, to: {} })
    expect(octets).toContain('e063020102')
    expect(octets).not.toContain('806201')
  })

  test('an IPv6 prefix travels in MP_REACH_NLRI, first of the attributes (RFC 7606, 5.1)', () => {
    const rack = new Rack()
    const config = { nextHopSelf: { ipv6: 'fd00::1' as never }, originationSets: own('2001:db8::/32') }
    const node = rack.speaker('10.0.0.1', {
      ...config,
      peers: [peer('10.0.0.3', { passive: true, originationSet: 'own' })],
    })
    const capabilities = [1, 4, 0, 2, 0, 1, 65, 4, ...u32(65000)]
    const receiver = new RawPeer(rack, '10.0.0.3').establish(
      '10.0.0.1',
      open({ identifier: [10, 0, 0, 3], capabilities }),
    )
    const updates = () =>
      receiver.received.filter((octets) => octets[18] === 2).map((octets) => hex(octets.subarray(19)))
    expect(updates()[0]).toBe(
      '0000' +
        '002c' +
        '900e001a' +
        '000201' +
        '10fd000000000000000000000000000001' +
        '00' +
        '2020010db8' +
        '40010100' +
        '400200' +
        '40050400000064',
    )
    // End-of-RIB, then the withdrawal.
    expect(updates()[1]).toBe('0000' + '0006' + '800f03000201')
    node.apply({ originationSets: [] })
    rack.settle(1)
    expect(updates()[2]).toBe('0000' + '000c' + '900f0008' + '000201' + '2020010db8')
  })
})

describe('many prefixes with the same attributes', () => {
  test('fill their UPDATEs up to 4096 octets, and no prefix is lost or told twice', () => {
    const rack = new Rack()
    const prefixes = Array.from({ length: 5000 }, (_, i) => `30.${i >> 8}.${i & 255}.0/24`)
    rack.speaker('10.0.0.1', {
      peers: [peer('10.0.0.3', { passive: true, originationSet: 'own' })],
      originationSets: own(...prefixes),
    })
    const receiver = new RawPeer(rack, '10.0.0.3').establish('10.0.0.1', open({ identifier: [10, 0, 0, 3] }))
    expect([...receiver.routes.keys()].sort()).toEqual([...prefixes].sort())
    const lengths = receiver.received
      .filter((octets) => octets[18] === 2 && octets.length > 23)
      .map(({ length }) => length)
    expect(lengths).toHaveLength(5)
    for (const length of lengths.slice(0, 4)) {
      expect(length).toBeLessThanOrEqual(4096)
      expect(length).toBeGreaterThan(4096 - 4)
    }
  })
})
