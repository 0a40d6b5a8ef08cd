/** What routing asks of the world besides the kernel itself. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  /** Runs `fire` once after `ms`; the returned function cancels it. */
  after(ms: number, fire: () => void): () => void
  /** Runs `work` soon, after the input that is ready now has been read. */
  soon(work: () => void): void
}

/** Structured logging: fields first, then the words. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
