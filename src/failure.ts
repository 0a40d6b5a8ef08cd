/** What the exit status tells scripts. */
export const EXIT_FAILED = 1
/** A wrong flag, argument, file or object. */
export const EXIT_BAD_INPUT = 2

/** Ends the program with these lines on standard error; people can act on each of them. */
export class Failure extends Error {
  readonly exitCode: number
  readonly lines: readonly string[]

  constructor(exitCode: number, lines: readonly string[], cause?: unknown) {
    super(lines.join('\n'), { cause })
    this.exitCode = exitCode
    this.lines = lines
  }
}
