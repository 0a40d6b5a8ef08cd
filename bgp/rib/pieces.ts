/** Small pieces on their way to one socket, written as one: each write is a call of the kernel and a segment on the wire. */
export class Pieces {
  /** Octets written or waiting. */
  octets = 0
  /** The socket had room after the last write. */
  room = true
  readonly #write: (octets: Uint8Array, messages: number) => boolean
  #waiting: Uint8Array[] = []
  #waitingOctets = 0
  #messages = 0

  constructor(write: (octets: Uint8Array, messages: number) => boolean) {
    this.#write = write
  }

  add(piece: Uint8Array, messages: number): void {
    if (this.#waitingOctets + piece.length > JOINED_OCTETS) this.flush()
    this.#waiting.push(piece)
    this.#waitingOctets += piece.length
    this.#messages += messages
    this.octets += piece.length
    if (this.#waitingOctets >= JOINED_OCTETS) this.flush()
  }

  flush(): void {
    if (this.#waiting.length === 0) return
    this.room = this.#write(this.#waiting.length === 1 ? this.#waiting[0]! : this.#joined(), this.#messages)
    this.#waiting = []
    this.#waitingOctets = this.#messages = 0
  }

  #joined(): Uint8Array {
    const joined = new Uint8Array(this.#waitingOctets)
    let at = 0
    for (const piece of this.#waiting) {
      joined.set(piece, at)
      at += piece.length
    }
    return joined
  }
}

/** Beyond this a copy costs more than a call. */
const JOINED_OCTETS = 16 * 1024
