import type { Terminal } from '../cli/terminal.ts'

/** What the lab says as it goes: a line per step with the time it took, and headed blocks of results. */
export class Screen {
  readonly #terminal: Terminal

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  async step<T>(words: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now()
    this.#write(`· ${words} … `)
    try {
      const result = await work()
      this.#write(`${((performance.now() - begun) / 1000).toFixed(1)} s\n`)
      return result
    } catch (error) {
      this.#write('failed\n')
      throw error
    }
  }

  line(text: string): void {
    this.#write(`${text}\n`)
  }

  block(title: string, text: string): void {
    const indented = text.trimEnd().replace(/^(?=.)/gm, '  ')
    this.#write(`\n${title}\n${indented}\n`)
  }

  #write(text: string): void {
    this.#terminal.stdout.write(text)
  }
}
