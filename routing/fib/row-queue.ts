const FIRST_ROWS = 1024
/** Fewer go in the order in which they came. */
const MANY = 512
const GOLDEN = 0.618

/**
 * Rows that wait to be sent, each once (its owner sees to that). They go in rounds: what waits when a round begins goes
 * before what comes later. Within a round each row is far from the one before it, since tables come in the order of their
 * prefixes, and the kernel's trie takes twice the time over neighbours: it rebuilds the same nodes again and again.
 */
export class RowQueue {
  #round = new Uint32Array(FIRST_ROWS)
  #length = 0
  #taken = 0
  #at = 0
  #stride = 1
  #next = new Uint32Array(FIRST_ROWS)
  #waiting = 0

  get size(): number {
    return this.#length - this.#taken + this.#waiting
  }

  push(row: number): void {
    if (this.#waiting === this.#next.length) {
      const wider = new Uint32Array(2 * this.#waiting)
      wider.set(this.#next)
      this.#next = wider
    }
    this.#next[this.#waiting++] = row
  }

  /** Takes the next row out; 0: none waits. */
  shift(): number {
    if (this.#taken === this.#length && !this.#beginRound()) return 0
    const row = this.#round[this.#at]!
    this.#at += this.#stride
    if (this.#at >= this.#length) this.#at -= this.#length
    this.#taken++
    return row
  }

  #beginRound(): boolean {
    const done = this.#round
    this.#round = this.#next
    this.#length = this.#waiting
    this.#next = done
    this.#waiting = 0
    this.#taken = 0
    this.#at = 0
    this.#stride = this.#length < MANY ? 1 : strideThrough(this.#length)
    return this.#length > 0
  }
}

/** Steps of this length meet each of so many places once. */
function strideThrough(places: number): number {
  let stride = Math.floor(places * GOLDEN)
  while (commonDivisor(stride, places) > 1) stride++
  return stride
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}
