import { constants } from 'node:os'

/** The kernel refused something, or cannot be asked. */
export class KernelError extends Error {
  override readonly name = 'KernelError'
  readonly errno: number
  /** `EPERM`, … */
  readonly code: string

  constructor(errno: number, what: string, cause?: unknown) {
    const code = errnoName(errno)
    super(`${what}: ${code}`, { cause })
    this.errno = errno
    this.code = code
  }
}

export function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, each]) => each === errno)?.[0] ?? `errno ${errno}`
}

/** The package's own errors carry a positive `errno`. */
export function errnoOf(error: unknown): number {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? Math.abs(error.errno) : 0
}
