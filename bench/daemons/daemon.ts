import type { Scenario } from '../scenario.ts'

/** A BGP daemon that can be put under test. */
export interface Daemon {
  readonly name: string
  /** What is installed, with its version; undefined: not there, and `howToAdd` says how to get it. */
  find(): string | undefined
  readonly howToAdd: string
  /** Writes its configuration into `folder` and says how it is started; it listens on `listen` port 179. */
  prepare(folder: string, listen: string, scenario: Scenario): readonly string[]
}
