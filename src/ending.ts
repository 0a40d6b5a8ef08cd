import { EXIT_FAILED, type Failure } from './failure.ts'

/** How the run of a daemon ends: told to by a signal, or because it makes no sense to go on. */
export class Ending {
  /** Resolves with the reason to stop in order; rejects with what failed. */
  readonly reason: Promise<string>
  #resolve: (reason: string) => void = () => undefined
  #reject: (failure: Failure) => void = () => undefined

  constructor(fatal: (error: unknown, message: string) => void) {
    this.reason = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // It may fail before anybody waits for it.
    this.reason.catch(() => undefined)
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => this.#told(name))
    process.on('uncaughtException', (error) => {
      // After an unexpected fault nothing is known to be right any more; the next start makes it so.
      fatal(error, 'unexpected fault')
      process.exit(EXIT_FAILED)
    })
  }

  fail(failure: Failure): void {
    this.#reject(failure)
  }

  /** Who asks twice does not want to wait for peers and kernel. */
  #toldBefore = false

  #told(signal: string): void {
    if (this.#toldBefore) process.exit(EXIT_FAILED)
    this.#toldBefore = true
    this.#resolve(signal)
  }
}
