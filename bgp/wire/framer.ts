import { PeerFault } from './faults.ts'
import { HeaderError, MessageType, NotificationCode } from './iana.ts'

export const HEADER_OCTETS = 19
export const MAX_MESSAGE = 4096
/** RFC 8654. */
export const MAX_EXTENDED_MESSAGE = 65535

const MIN_LENGTH: Readonly<Record<number, number>> = {
  [MessageType.Open]: 29,
  [MessageType.Update]: 23,
  [MessageType.Notification]: 21,
  [MessageType.Keepalive]: HEADER_OCTETS,
  [MessageType.RouteRefresh]: 23,
}

/** `octets[start..end)` is the message after its header; the view is valid during the call only. False: stop, deliver no more. */
export type MessageHandler = (type: number, octets: Uint8Array, start: number, end: number) => boolean

/**
 * Chunks of a TCP stream → whole messages (RFC 4271, section 4.1). Messages that lie in one chunk are handed out where
 * they lie; only one that is cut by a chunk's end is put together in a buffer of its own.
 *
 * Throws PeerFault when marker, length or type are wrong (section 6.1).
 */
export class Framer {
  /** Raised to 65535 once extended messages are negotiated. */
  maxMessage = MAX_MESSAGE
  /** False once enhanced route refresh is negotiated: then its own error answers (RFC 7313, section 5). */
  judgesRefreshLength = true
  #partial = new Uint8Array(MAX_MESSAGE)
  #held = 0

  push(chunk: Uint8Array, handle: MessageHandler): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#held > 0) {
        at = this.#complete(chunk, at)
        if (!this.#isComplete()) return
        const length = this.#held
        this.#held = 0
        const partial = this.#partial
        if (!handle(partial[18]!, partial, HEADER_OCTETS, length)) return
        continue
      }
      if (chunk.length - at < HEADER_OCTETS) return this.#hold(chunk, at)
      const length = this.#checkedLength(chunk, at)
      if (chunk.length - at < length) return this.#hold(chunk, at)
      if (!handle(chunk[at + 18]!, chunk, at + HEADER_OCTETS, at + length)) return
      at += length
    }
  }

  /** Adds to the held message what it lacks; returns how far the chunk is used. */
  #complete(chunk: Uint8Array, at: number): number {
    if (this.#held < HEADER_OCTETS) {
      const taken = Math.min(HEADER_OCTETS - this.#held, chunk.length - at)
      this.#append(chunk, at, taken)
      at += taken
      if (this.#held < HEADER_OCTETS) return at
    }
    const length = this.#checkedLength(this.#partial, 0)
    const taken = Math.min(length - this.#held, chunk.length - at)
    this.#append(chunk, at, taken)
    return at + taken
  }

  #isComplete(): boolean {
    return this.#held >= HEADER_OCTETS && this.#held === ((this.#partial[16]! << 8) | this.#partial[17]!)
  }

  #hold(chunk: Uint8Array, at: number): void {
    this.#append(chunk, at, chunk.length - at)
  }

  #append(chunk: Uint8Array, at: number, count: number): void {
    const needed = this.#held + count
    if (needed > this.#partial.length) {
      const wider = new Uint8Array(MAX_EXTENDED_MESSAGE)
      wider.set(this.#partial.subarray(0, this.#held))
      this.#partial = wider
    }
    this.#partial.set(chunk.subarray(at, at + count), this.#held)
    this.#held = needed
  }

  #checkedLength(octets: Uint8Array, at: number): number {
    for (let i = at; i < at + 16; i++) {
      if (octets[i] !== 0xff) throw headerFault(HeaderError.NotSynchronized, 'the marker is not all ones')
    }
    const length = (octets[at + 16]! << 8) | octets[at + 17]!
    const type = octets[at + 18]!
    const least = type === MessageType.RouteRefresh && !this.judgesRefreshLength ? HEADER_OCTETS : MIN_LENGTH[type]
    const lengthOctets = [length >> 8, length & 0xff]
    if (length < HEADER_OCTETS || length > this.maxMessage) {
      throw headerFault(HeaderError.BadLength, `message of ${length} octets`, lengthOctets)
    }
    if (least === undefined) throw headerFault(HeaderError.BadType, `message type ${type}`, [type])
    const most = type === MessageType.Keepalive ? HEADER_OCTETS : type === MessageType.Open ? MAX_MESSAGE : length
    if (length < least || length > most) {
      throw headerFault(HeaderError.BadLength, `message of type ${type} with ${length} octets`, lengthOctets)
    }
    return length
  }
}

function headerFault(subcode: number, message: string, data: readonly number[] = []): PeerFault {
  return new PeerFault(NotificationCode.MessageHeader, subcode, message, data)
}
