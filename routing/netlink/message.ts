import { HEADER_OCTETS } from './constants.ts'

/** One netlink message within the octets received together. */
export interface Message {
  readonly view: DataView
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** The port whose request caused it. */
  readonly port: number
  /** Where its payload starts and ends. */
  readonly start: number
  readonly end: number
}

/** Walks over the messages of what was received, being each of them in turn. */
export class MessageReader implements Message {
  view: DataView = new DataView(new ArrayBuffer(0))
  type = 0
  flags = 0
  sequence = 0
  port = 0
  start = 0
  end = 0
  #next = 0

  begin(octets: Uint8Array): void {
    this.view = new DataView(octets.buffer, octets.byteOffset, octets.length)
    this.#next = 0
  }

  /** Moves on to the next message; false when there is none. */
  next(): boolean {
    const { view } = this
    const at = this.#next
    if (at + HEADER_OCTETS > view.byteLength) return false
    const length = view.getUint32(at, true)
    if (length < HEADER_OCTETS || at + length > view.byteLength) return false
    this.type = view.getUint16(at + 4, true)
    this.flags = view.getUint16(at + 6, true)
    this.sequence = view.getUint32(at + 8, true)
    this.port = view.getUint32(at + 12, true)
    this.start = at + HEADER_OCTETS
    this.end = at + length
    this.#next = at + aligned(length)
    return true
  }
}

/** Netlink pads everything to four octets. */
export function aligned(octets: number): number {
  return (octets + 3) & ~3
}
