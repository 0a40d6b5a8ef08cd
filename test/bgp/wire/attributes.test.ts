import { describe, expect, test } from 'vitest'
import { formatAsPath, mergeAs4Path, type Segment } from '../../../bgp/wire/attributes/as-path.ts'
import { canonicalCommunity, parseCommunity } from '../../../bgp/wire/attributes/community-text.ts'
import { cease, describeNotification, shutdownText } from '../../../bgp/wire/notification.ts'
import { hex } from '../raw-peer.ts'

const sequence = (...asns: number[]): Segment => ({ type: 2, asns })
const set = (...asns: number[]): Segment => ({ type: 1, asns })

describe('AS_PATH of a 2-octet peer and AS4_PATH (RFC 6793, 4.2.3)', () => {
  test.each([
    ['the whole path in AS4_PATH', [sequence(23456, 23456)], [sequence(70000, 80000)], '70000 80000'],
    ['an old AS in front', [sequence(100, 23456, 200)], [sequence(70000, 200)], '100 70000 200'],
    [
      'several in front, some of a set',
      [sequence(100, 101), set(1, 2), sequence(23456)],
      [sequence(70000)],
      '100 101 {1,2} 70000',
    ],
    ['an AS4_PATH that is longer counts for nothing', [sequence(100)], [sequence(1, 2)], '100'],
    [
      'confederation segments in AS4_PATH are cut out',
      [sequence(100, 23456)],
      [{ type: 3, asns: [9] }, sequence(70000)],
      '100 70000',
    ],
  ])('%s', (_, short, wide, wanted) => {
    expect(formatAsPath(mergeAs4Path(short, wide))).toBe(wanted)
  })
})

describe('communities as people write them', () => {
  test.each([
    ['65000:1', 'standard', 'fde80001'],
    ['no-export', 'standard', 'ffffff01'],
    ['graceful-shutdown', 'standard', 'ffff0000'],
    ['blackhole', 'standard', 'ffff029a'],
    ['large:4200000000:1:2', 'large', 'fa56ea000000000100000002'],
    ['rt:65000:100', 'extended', '0002fde800000064'],
    ['soo:4200000000:7', 'extended', '0203fa56ea000007'],
    ['bandwidth:65000:100000', 'extended', '4004fde847c35000'],
    ['transitive-bandwidth:65000:10000000000', 'extended', '0004fde8501502f9'],
    ['encapsulation:8', 'extended', '030c000000000008'],
    ['color:100', 'extended', '030b000000000064'],
    ['ext:0x4004fde87f800000', 'extended', '4004fde87f800000'],
    ['ext:0x4004fde83f000000', 'extended', '4004fde83f000000'],
    ['ext:0x030c000100000008', 'extended', '030c000100000008'],
  ])('%s', (text, kind, octets) => {
    const community = parseCommunity(text)!
    expect([community.kind, hex(community.octets)]).toEqual([kind, octets])
    expect(canonicalCommunity(text)).toBe(text)
  })

  test.each(['65536:1', '1:65536', 'x', '1', '1:2:3', 'large:1:2', 'rt:1', 'ext:0x00', 'ext:12', '-1:2'])(
    'but not %s',
    (text) => {
      expect(parseCommunity(text)).toBeUndefined()
    },
  )

  test('a number that has a name is shown by it', () => {
    expect(canonicalCommunity('65535:65281')).toBe('no-export')
  })
})

describe('the text of a shutdown (RFC 9003)', () => {
  test('is written with its length', () => {
    expect(hex(Uint8Array.from(cease(2, 'rack move').data))).toBe('097261636b206d6f7665')
  })

  test('is cut at 255 octets between characters', () => {
    const { data } = cease(2, 'ü'.repeat(200))
    expect(data[0]).toBe(254)
    expect(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(data).subarray(1))).toBe('ü'.repeat(127))
  })

  test('is shown with its control characters gone; one that overruns is none', () => {
    expect(shutdownText({ code: 6, subcode: 2, data: Uint8Array.of(3, 0x61, 0x0a, 0x62) })).toBe('a b')
    expect(shutdownText({ code: 6, subcode: 2, data: Uint8Array.of(9, 0x61) })).toBeUndefined()
  })

  test('stands behind the words for the code', () => {
    expect(describeNotification(cease(2, 'rack move'))).toBe('Cease / Administrative Shutdown: "rack move" (RFC 4486)')
    expect(describeNotification({ code: 3, subcode: 11, data: new Uint8Array(0) })).toBe(
      'UPDATE Message Error / Malformed AS_PATH (RFC 4271, 6.3)',
    )
    expect(describeNotification({ code: 77, subcode: 1, data: new Uint8Array(0) })).toBe('unknown error 77/1')
  })
})
