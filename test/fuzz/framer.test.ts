import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PeerFault } from '../../bgp/wire/faults.ts'
import { Framer } from '../../bgp/wire/framer.ts'
import { hex, keepalive, message, open } from '../bgp/raw-peer.ts'
import { FUZZ_TIMEOUT_MS, fuzz } from './budget.ts'

const whole = fc.oneof(
  fc.constantFrom(keepalive, open(), message(5, 0, 1, 0, 1), message(3, 6, 2)),
  fc.uint8Array({ minLength: 4, maxLength: 4077 }).map((body) => message(2, ...body)),
)
/** Sizes of the pieces in which a stream arrives, over and over. */
const cuts = fc.array(fc.oneof(fc.constantFrom(1, 2, 18, 19, 20), fc.integer({ min: 1, max: 5000 })), {
  minLength: 1,
  maxLength: 8,
})

/** What is handed out for the pieces, as hex of whole messages; the fault when there is one. */
function framed(stream: Uint8Array, sizes: readonly number[]): { messages: string[]; fault?: number } {
  const framer = new Framer()
  const messages: string[] = []
  try {
    for (let at = 0, i = 0; at < stream.length; i++) {
      const end = Math.min(stream.length, at + sizes[i % sizes.length]!)
      framer.push(stream.slice(at, end), (type, octets, start, end) => {
        messages.push(`${type} ${hex(octets.subarray(start, end))}`)
        return true
      })
      at = end
    }
  } catch (error) {
    if (!(error instanceof PeerFault)) throw error
    return { messages, fault: error.notification.subcode }
  }
  return { messages }
}

test(
  'messages come out as they went in, wherever the stream is cut',
  () => {
    fuzz(fc.tuple(fc.array(whole, { maxLength: 6 }), cuts), ([messages, sizes]) => {
      const stream = Uint8Array.from(messages.flatMap((octets) => [...octets]))
      expect(framed(stream, sizes)).toEqual({
        messages: messages.map((octets) => `${octets[18]} ${hex(octets.subarray(19))}`),
      })
    })
  },
  FUZZ_TIMEOUT_MS,
)

const header = fc
  .tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 7 }))
  .map(([length, type]) => Uint8Array.from([...Array<number>(16).fill(0xff), length >> 8, length & 0xff, type]))

test(
  'any octets give messages or one kind of fault, and the cuts change neither',
  () => {
    const noise = fc.oneof(whole, header, fc.uint8Array({ maxLength: 60 }))
    fuzz(fc.tuple(fc.array(noise, { maxLength: 6 }), cuts), ([parts, sizes]) => {
      const stream = Uint8Array.from(parts.flatMap((octets) => [...octets]))
      expect(framed(stream, sizes)).toEqual(framed(stream, [stream.length + 1]))
    })
  },
  FUZZ_TIMEOUT_MS,
)
