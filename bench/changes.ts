import { addressOf } from './addresses.ts'
import { announcement } from './octets.ts'
import type { Scenario } from './scenario.ts'
import { SHAPES } from './shapes.ts'
import type { SimPeer } from './sim-peer.ts'

/** Who makes changes, and who sees them. */
export interface ChangingStage {
  readonly scenario: Scenario
  readonly sources: readonly SimPeer[]
  readonly receivers: readonly SimPeer[]
}

const CHANGES_PER_TICK = 2

/** Changes of single routes at a steady pace; each is known again by its MED. */
export class Changes {
  readonly #stage: ChangingStage
  readonly #sentAt: number[] = []
  readonly #latencies: number[] = []
  readonly #seenBy = new Map<SimPeer, number>()

  constructor(stage: ChangingStage) {
    this.#stage = stage
    for (const receiver of stage.receivers) {
      receiver.onUpdate = (octets, at) => this.#arrived(receiver, octets, at)
    }
  }

  async run(ticks: number): Promise<void> {
    const [source] = this.#stage.sources
    const { prefixesPerSource, external, shape } = this.#stage.scenario
    const { numbering } = SHAPES[shape]!
    const start = performance.now()
    for (let tick = 0; tick < ticks; ) {
      const due = Math.min(ticks, Math.floor(performance.now() - start))
      for (; tick < due; tick++) {
        for (let i = 0; i < CHANGES_PER_TICK; i++) {
          const number = this.#sentAt.length
          const index = Math.imul(number, 7919) % prefixesPerSource
          const routes = {
            external,
            asPath: [64_999],
            nextHop: addressOf(1, 0),
            med: MARK + number,
            communities: [],
          }
          const nlri: number[] = []
          numbering.push(nlri, Math.abs(index))
          this.#sentAt.push(performance.now())
          source!.send(announcement(4, routes, nlri))
        }
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** The receiver has seen every change, so nothing is under way to it. */
  allSeenBy(receiver: SimPeer): boolean {
    return this.#seen(receiver) >= this.#sentAt.length
  }

  #seen(receiver: SimPeer): number {
    return this.#seenBy.get(receiver) ?? 0
  }

  latency(): { p50: number; p99: number } {
    const sorted = this.#latencies.sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    return { p50: at(0.5), p99: at(0.99) }
  }

  #arrived(receiver: SimPeer, octets: Buffer, at: number): void {
    const med = medOf(octets, at)
    if (med === undefined || med < MARK) return
    const sent = this.#sentAt[med - MARK]
    if (sent === undefined) return
    this.#seenBy.set(receiver, this.#seen(receiver) + 1)
    this.#latencies.push(performance.now() - sent)
  }
}

/** MEDs from here on are those of changes. */
const MARK = 0x40000000

function medOf(octets: Buffer, message: number): number | undefined {
  const start = message + 23 + ((octets[message + 19]! << 8) | octets[message + 20]!)
  const end = start + ((octets[start - 2]! << 8) | octets[start - 1]!)
  for (let at = start; at < end; ) {
    const wide = (octets[at]! & 0x10) !== 0
    const value = at + (wide ? 4 : 3)
    if (octets[at + 1] === 4) return octets.readUInt32BE(value)
    at = value + (wide ? octets.readUInt16BE(at + 2) : octets[at + 2]!)
  }
  return undefined
}
