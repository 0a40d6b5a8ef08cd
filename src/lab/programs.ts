import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { Netns } from './netns.ts'

/** What was started, by name. */
export class Programs {
  readonly #logDir: string
  readonly #running = new Map<string, ChildProcess>()
  #stopping = false

  constructor(logDir: string) {
    this.#logDir = logDir
  }

  start(netns: Netns, name: string, argv: readonly string[]): void {
    if (this.#stopping) throw new TypeError(`${name} came too late: all programs are being stopped`)
    this.#running.set(name, netns.spawn(argv, { logPath: this.logPath(name) }))
  }

  logPath(name: string): string {
    return join(this.#logDir, `${name}.log`)
  }

  names(): readonly string[] {
    return [...this.#running.keys()]
  }

  kill(name: string): void {
    this.#running.get(name)?.kill('SIGKILL')
    this.#running.delete(name)
  }

  /** Asks all to stop, and waits until they have, or until the time is over. */
  async stopAll(withinMs: number): Promise<void> {
    this.#stopping = true
    const left = [...this.#running.values()].filter((child) => child.exitCode === null && child.signalCode === null)
    this.#running.clear()
    const gone = left.map((child) => new Promise((resolve) => child.once('exit', resolve)))
    for (const child of left) child.kill('SIGTERM')
    await Promise.race([Promise.all(gone), new Promise((resolve) => setTimeout(resolve, withinMs).unref())])
  }
}
