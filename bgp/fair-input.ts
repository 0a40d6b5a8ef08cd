import type { Clock, Connection, ConnectionHandlers } from './ports.ts'

/**
 * Input of all connections, taken in turns, so that a peer with a million prefixes to tell holds up nobody's keepalives.
 * What comes when a round has lasted long enough is kept, and its connection not read from, until its turn comes.
 */
export class FairInput {
  readonly #clock: Clock
  readonly #kick: () => void
  /** Those with kept input, in the order of their turns. */
  readonly #waiting = new Set<Line>()
  /** When this round has lasted long enough; undefined before its first input. */
  #roundEnd: number | undefined

  /** `kick` asks for another round. */
  constructor(clock: Clock, kick: () => void) {
    this.#clock = clock
    this.#kick = kick
  }

  /** Handlers for the connection that bring its input to `handlers` in turn. */
  inTurn(connection: Connection, handlers: ConnectionHandlers): ConnectionHandlers {
    const line: Line = { connection, handlers, kept: [] }
    return {
      data: (chunk) => this.#take(line, chunk),
      drain: () => handlers.drain(),
      closed: (error) => {
        // Its last words come before its end.
        for (const chunk of line.kept.splice(0)) handlers.data(chunk)
        this.#waiting.delete(line)
        handlers.closed(error)
      },
    }
  }

  /** Begins a round with what was kept. True: some of it still waits. */
  round(): boolean {
    this.#roundEnd = undefined
    for (const line of this.#waiting) {
      if (this.#isOver()) break
      this.#waiting.delete(line)
      this.#resume(line)
    }
    this.#roundEnd = undefined
    return this.#waiting.size > 0
  }

  #take(line: Line, chunk: Uint8Array): void {
    if (this.#waiting.has(line)) return void line.kept.push(chunk.slice())
    for (let at = 0; at < chunk.length; at += PIECE_OCTETS) {
      if (this.#isOver()) return this.#keep(line, chunk.slice(at))
      line.handlers.data(chunk.subarray(at, at + PIECE_OCTETS))
    }
  }

  #keep(line: Line, chunk: Uint8Array): void {
    line.kept.push(chunk)
    line.connection.pause()
    this.#waiting.add(line)
    this.#kick()
  }

  /** Takes a piece of what was kept; with more to take, it is the last in the row again. */
  #resume(line: Line): void {
    const [chunk] = line.kept
    if (chunk !== undefined) {
      if (chunk.length > PIECE_OCTETS) line.kept[0] = chunk.subarray(PIECE_OCTETS)
      else line.kept.shift()
      line.handlers.data(chunk.subarray(0, PIECE_OCTETS))
    }
    if (line.kept.length > 0) this.#waiting.add(line)
    else line.connection.resume()
  }

  #isOver(): boolean {
    const now = this.#clock.now()
    this.#roundEnd ??= now + ROUND_MS
    return now >= this.#roundEnd
  }
}

interface Line {
  readonly connection: Connection
  readonly handlers: ConnectionHandlers
  readonly kept: Uint8Array[]
}

/** Of reading; sending what follows from it takes about as long. */
const ROUND_MS = 5
/** Taken between two looks at the clock. */
const PIECE_OCTETS = 16 * 1024
