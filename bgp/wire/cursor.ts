import { SmartBuffer } from 'smart-buffer'

/** The octets do not hold what they promise. Never leaves `bgp/wire/`: each message turns it into its PeerFault. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/** Reads a control message; a short read is `Malformed`, never a shorter result. */
export class Reader {
  readonly #octets: SmartBuffer

  constructor(octets: Uint8Array) {
    this.#octets = SmartBuffer.fromBuffer(Buffer.from(octets.buffer, octets.byteOffset, octets.length))
  }

  get remaining(): number {
    return this.#octets.remaining()
  }

  uint8(): number {
    this.#need(1)
    return this.#octets.readUInt8()
  }

  uint16(): number {
    this.#need(2)
    return this.#octets.readUInt16BE()
  }

  uint32(): number {
    this.#need(4)
    return this.#octets.readUInt32BE()
  }

  /** A copy, safe to keep. */
  take(length: number): Uint8Array {
    this.#need(length)
    return Uint8Array.from(this.#octets.readBuffer(length))
  }

  /** A reader that ends where the thing ends. */
  slice(length: number): Reader {
    return new Reader(this.take(length))
  }

  #need(length: number): void {
    if (this.remaining < length) throw new Malformed(`${length} octets wanted, ${this.remaining} left`)
  }
}

/** Writes a control message. */
export class Writer {
  readonly #octets = new SmartBuffer()

  get length(): number {
    return this.#octets.length
  }

  uint8(value: number): this {
    this.#octets.writeUInt8(value)
    return this
  }

  uint16(value: number): this {
    this.#octets.writeUInt16BE(value)
    return this
  }

  uint32(value: number): this {
    this.#octets.writeUInt32BE(value)
    return this
  }

  octets(value: Uint8Array): this {
    this.#octets.writeBuffer(Buffer.from(value))
    return this
  }

  /** A copy, safe to keep. */
  finish(): Uint8Array {
    return Uint8Array.from(this.#octets.toBuffer())
  }
}
