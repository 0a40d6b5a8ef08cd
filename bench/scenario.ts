/** What is played: how many sources announce how much to how many receivers. */
export interface Scenario {
  readonly name: string
  readonly sources: number
  readonly prefixesPerSource: number
  readonly receivers: number
  readonly external: boolean
  readonly seed: number
}

export interface LoadCommand {
  readonly scenario: Scenario
  readonly daemon: string
  readonly port: number
  readonly external: boolean
}

export type LoadResult =
  | { readonly error: string }
  | {
      /** First UPDATE octet sent → last receiver has everything. */
      readonly convergenceMs: number
      /** Of all receivers. */
      readonly updates: number
      readonly octets: number
      /** What was wrong with the routes; empty: nothing. */
      readonly faults: readonly string[]
    }

export function scenario(name: string, prefixes: number, seed: number): Scenario | undefined {
  switch (name) {
    case 'full':
      return { name, sources: 1, prefixesPerSource: prefixes, receivers: 1, external: false, seed }
    default:
      return undefined
  }
}
