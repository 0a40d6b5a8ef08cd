import { describe, expect, test } from 'vitest'
import { PeerFault } from '../../../bgp/wire/faults.ts'
import { Framer } from '../../../bgp/wire/framer.ts'
import { hex, keepalive, message, open, update } from '../raw-peer.ts'

const stream = Uint8Array.from([
  ...open(),
  ...keepalive,
  ...update({ nlri: ['20.0.0.0/8', '20.1.2.0/24'] }),
  ...keepalive,
  ...message(3, 6, 2, 0),
])

function frames(chunks: Uint8Array[]): string[] {
  const framer = new Framer()
  const seen: string[] = []
  for (const chunk of chunks) {
    framer.push(chunk, (type, octets, start, end) => {
      seen.push(`${type} ${hex(octets.subarray(start, end))}`)
      return true
    })
  }
  return seen
}

describe('the framer', () => {
  const whole = frames([stream])

  test('cuts a stream into messages', () => {
    expect(whole.map((line) => line[0])).toEqual(['1', '4', '2', '4', '3'])
    expect(whole[3]).toBe('4 ')
    expect(whole[4]).toBe('3 060200')
  })

  test('gives the same messages wherever the stream is split', () => {
    for (let at = 0; at <= stream.length; at++) {
      expect(frames([stream.slice(0, at), stream.slice(at)]), `split at ${at}`).toEqual(whole)
    }
  })

  test('gives the same messages octet by octet', () => {
    expect(frames(Array.from(stream, (octet) => Uint8Array.of(octet)))).toEqual(whole)
  })

  test('stops when the handler says so', () => {
    let count = 0
    new Framer().push(stream, () => ++count < 2)
    expect(count).toBe(2)
  })

  test('takes messages up to 65535 octets when those are negotiated, but no OPEN over 4096 (RFC 8654, 4)', () => {
    const framer = new Framer()
    const long = message(2, ...Array<number>(5000).fill(0))
    expect(() => framer.push(long, () => true)).toThrow(PeerFault)
    framer.maxMessage = 65535
    let length = 0
    const halves = [long.slice(0, 3000), long.slice(3000)]
    for (const half of halves) {
      framer.push(half, (_, __, start, end) => {
        length = end - start
        return true
      })
    }
    expect(length).toBe(5000)
    expect(() => framer.push(message(1, ...Array<number>(5000).fill(0)), () => true)).toThrow(/type 1/)
  })
})
