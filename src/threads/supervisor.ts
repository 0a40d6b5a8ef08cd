import type { Clock, Log } from '../../bgp/ports.ts'

/** A running worker, as its supervisor sees it. */
export interface WorkerHandle<Input> {
  post(message: Input): void
  /** Ends it for good; `exited` is still called. */
  terminate(): void
}

export interface WorkerEvents<Output> {
  message(message: Output): void
  /** It threw; `exited` follows. */
  failed(error: Error): void
  exited(exitCode: number): void
}

export type StartWorker<Input, Output> = (events: WorkerEvents<Output>) => WorkerHandle<Input>

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 30_000
/** A worker that ran this long was well; its next crash starts the back-off anew. */
const WELL_AFTER_MS = 60_000

/**
 * Keeps one worker thread running. Whoever talks to it does not notice a crash: the worker is started again with
 * back-off, and gets the last message of each type once more.
 */
export class Supervisor<Input extends { readonly type: string }, Output> {
  /** Times the worker had to be started again. */
  restarts = 0

  readonly #ports: { readonly clock: Clock; readonly log: Log; readonly start: StartWorker<Input, Output> }
  readonly #onMessage: (message: Output) => void
  readonly #lastInput = new Map<string, Input>()
  #worker: WorkerHandle<Input> | undefined
  #startedAt = 0
  #delayMs = FIRST_DELAY_MS
  #stopped = false
  #cancelRestart: (() => void) | undefined

  constructor(
    ports: { readonly clock: Clock; readonly log: Log; readonly start: StartWorker<Input, Output> },
    onMessage: (message: Output) => void,
  ) {
    this.#ports = ports
    this.#onMessage = onMessage
    this.#start()
  }

  post(message: Input): void {
    this.#lastInput.set(message.type, message)
    this.#worker?.post(message)
  }

  /** Starts the worker afresh at once, so that it reads everything again. */
  restart(): void {
    this.#delayMs = 0
    this.retry()
  }

  /** Starts the worker afresh after the back-off, as if it had crashed. */
  retry(): void {
    if (this.#worker) this.#worker.terminate()
    else this.#scheduleStart()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelRestart?.()
    this.#worker?.terminate()
  }

  #start(): void {
    this.#cancelRestart = undefined
    this.#startedAt = this.#ports.clock.now()
    const worker = this.#ports.start({
      message: (message) => {
        if (worker === this.#worker) this.#onMessage(message)
      },
      failed: (error) => this.#ports.log.error({ err: error }, 'the control worker crashed'),
      exited: (exitCode) => this.#exited(exitCode),
    })
    this.#worker = worker
    for (const message of this.#lastInput.values()) worker.post(message)
  }

  #exited(exitCode: number): void {
    this.#worker = undefined
    if (this.#stopped) return
    if (this.#ports.clock.now() - this.#startedAt >= WELL_AFTER_MS) this.#delayMs = FIRST_DELAY_MS
    this.restarts++
    this.#ports.log.warn({ exitCode, delayMs: this.#delayMs }, 'the control worker ended and is started again')
    this.#scheduleStart()
  }

  #scheduleStart(): void {
    this.#cancelRestart?.()
    this.#cancelRestart = this.#ports.clock.after(this.#delayMs, () => this.#start())
    this.#delayMs = Math.min(LONGEST_DELAY_MS, Math.max(FIRST_DELAY_MS, this.#delayMs * 2))
  }
}
