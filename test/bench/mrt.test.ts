import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { readRecording } from '../../bench/mrt.ts'

/** A BGP4MP_MESSAGE_AS4 that FRR 8.4.4 wrote (`dump bgp updates`). */
const FRR_UPDATE =
  '6b06e1ef001000040000006c0000fde80000fde8000000010a6310010a630001ffffffffffffffffffffffffffffffff0058' +
  '0200000039400101004002160205000040350000d4da0000476800005c7d00003a304003040a631001800404000000014005' +
  '0400000064c008043c200fc51101000012010000'

/** A PEER_INDEX_TABLE and a RIB_IPV4_UNICAST that BIRD 2.0.12 wrote (protocol mrt). */
const BIRD_TABLE =
  '6b06e1ec000d00010000004e0a63000100076d61737465723400030300000000000000000000000000000000000000000000' +
  '00000300000000000000000000000000000000000000000000fde8020a6310010a6310010000fde86b06e1ec000d00020000' +
  '0044000000001a01001280000100026b06e1e400314001010040020a020200002a4400003e300003040a6310018004040000' +
  '04a540050400000064c00808bd212d39ee12f9ae'

const folder = mkdtempSync(join(tmpdir(), 'routelet-mrt-'))
afterAll(() => rmSync(folder, { recursive: true }))

function read(octets: Uint8Array) {
  const file = join(folder, 'recorded.mrt')
  writeFileSync(file, octets)
  return Buffer.from(readRecording(file, [192, 0, 2, 1]).octets)
    .toString('hex')
    .replaceAll('f'.repeat(32), '|')
}

test('an update stream of FRR is told again, with another next hop', () => {
  expect(read(Buffer.from(FRR_UPDATE, 'hex'))).toBe(
    // Header, no withdrawn routes; ORIGIN, AS_PATH, MED, LOCAL_PREF, COMMUNITIES, the new NEXT_HOP; two prefixes.
    '|00580200000039' +
      '40010100' +
      '4002160205000040350000d4da0000476800005c7d00003a30' +
      '80040400000001' +
      '40050400000064' +
      'c008043c200fc5' +
      '400304c0000201' +
      '1101000012010000',
  )
})

test('the first route of each prefix of a table of BIRD is told, gzipped or not', () => {
  const octets = Buffer.from(BIRD_TABLE, 'hex')
  expect(read(octets)).toBe(
    '|004d0200000031' +
      '40010100' +
      '40020a020200002a4400003e30' +
      '800404000004a5' +
      '40050400000064' +
      'c00808bd212d39ee12f9ae' +
      '400304c0000201' +
      '1a01001280',
  )
  expect(read(gzipSync(octets))).toBe(read(octets))
})

test('what is no recording is refused with the place', () => {
  expect(() => read(Buffer.from('{ "name": "routelet" }'))).toThrow(/octet 0 is cut off, or this is no MRT file/)
  expect(() => read(Buffer.from(FRR_UPDATE, 'hex').subarray(0, 100))).toThrow(/octet 0 is cut off/)
})
