import { addressOf } from './addresses.ts'
import { HeldRoutes } from './held-routes.ts'
import { percentile } from './median.ts'
import { type Recording, readRecording } from './mrt.ts'
import type { Numbering } from './numbering.ts'
import type { LoadResult, Scenario } from './scenario.ts'
import { SHAPES, type Shape } from './shapes.ts'
import { SimPeer } from './sim-peer.ts'
import { buildTable, type Table } from './table.ts'

/** The measured action begins and ends; the bench reads its clocks before it answers. */
export type Moment = 'begin' | 'end'
export type Tell = (moment: Moment) => Promise<void>

/**
 * So many connect at a time. BIRD listens with a backlog of 8; what is more is dropped by the kernel and comes again
 * after seconds, which is then what would be measured.
 */
const CONNECTING = 8

export async function connectInTurn(
  peers: readonly SimPeer[],
  connected: (peer: SimPeer) => void = () => {},
): Promise<void> {
  const waiting = peers.values()
  const connect = async () => {
    for (const peer of waiting) {
      await peer.connect()
      connected(peer)
    }
  }
  await Promise.all(Array.from({ length: CONNECTING }, connect))
}

/** All peers of a scenario, their tables, and what everybody must hold in the end. */
export class Stage {
  readonly scenario: Scenario
  readonly tables: readonly Table[]
  readonly sources: SimPeer[]
  readonly receivers: SimPeer[]
  /** What a peer that announces nothing must hold. */
  wanted: HeldRoutes
  readonly #daemon: string
  readonly #port: number
  readonly #tell: Tell
  readonly #recording: Recording | undefined
  readonly #gone = new Set<SimPeer>()
  #doneAt: number[] = []

  constructor(scenario: Scenario, daemon: string, port: number, tell: Tell) {
    this.scenario = scenario
    this.#daemon = daemon
    this.#port = port
    this.#tell = tell
    if (scenario.mrt !== undefined) this.#recording = readRecording(scenario.mrt, addressOf(1, 0))
    this.tables = Array.from({ length: scenario.sources }, (_, i) => this.#table(i))
    this.sources = this.tables.map((_, i) => this.newPeer(1, i))
    this.receivers = Array.from({ length: scenario.receivers }, (_, i) => this.newPeer(2, i))
    this.wanted = this.#wanted()
    if (this.#changesUnderway) for (const { held } of this.receivers) held.expect(this.wanted)
  }

  newPeer(role: number, index: number): SimPeer {
    const { external } = this.scenario
    const numbering = this.#numbering
    const octets = addressOf(role, index)
    return new SimPeer({
      local: octets.join('.'),
      daemon: this.#daemon,
      port: this.#port,
      asn: external ? 65_000 + role * 100 + index : 65_000,
      identifier: octets,
      external,
      addPath: role === 2 && this.scenario.addPath === true,
      own: role === 1 ? this.#ownRange(index) : [0, 0],
      numbering,
    })
  }

  async connectAll(): Promise<void> {
    await connectInTurn([...this.receivers, ...this.sources])
  }

  sendTables(): void {
    for (const [i, source] of this.sources.entries()) source.send(this.tables[i]!.octets)
  }

  lose(source: number): void {
    const peer = this.sources[source]!
    this.#gone.add(peer)
    peer.close()
    this.wanted = this.#wanted()
  }

  /** Every peer that is there holds what it must: all but what it announces itself. */
  async everybodyHasAll(): Promise<void> {
    const waits = [...this.receivers, ...this.sources]
      .filter((peer) => this.#isWatched(peer))
      .map((peer) => {
        const wanted = this.#countFor(peer)
        // Where tables overlap a route may be held that is not yet the best.
        const has = this.#changesUnderway
          ? () => peer.held.right === wanted && peer.held.count === wanted
          : () => peer.held.count === wanted
        return peer.until(has).then(() => this.#doneAt.push(performance.now()))
      })
    await Promise.all(waits)
  }

  async measure(action: () => Promise<void>): Promise<LoadResult> {
    const all = [...this.receivers, ...this.sources]
    const sum = (of: (peer: SimPeer) => number) => all.reduce((total, peer) => total + of(peer), 0)
    const before = [sum((peer) => peer.updates), sum((peer) => peer.octets), sum((peer) => peer.held.prefixes)] as const
    await this.#tell('begin')
    this.#doneAt = []
    const cpu = process.cpuUsage()
    const start = performance.now()
    await action()
    const convergenceMs = performance.now() - start
    const used = process.cpuUsage(cpu)
    await this.#tell('end')
    const done = this.#doneAt.map((at) => at - start)
    return {
      convergenceMs,
      updates: sum((peer) => peer.updates) - before[0],
      octets: sum((peer) => peer.octets) - before[1],
      prefixes: sum((peer) => peer.held.prefixes) - before[2],
      ...(done.length > 1 && { doneMs: { p50: percentile(done, 0.5), p99: percentile(done, 0.99) } }),
      faults: this.#faults(),
      loadCpu: (used.user + used.system) / 1000 / convergenceMs,
    }
  }

  close(): void {
    for (const peer of [...this.sources, ...this.receivers]) peer.close()
  }

  #table(index: number): Table {
    const { external, prefixesPerSource, prefixesPerSet: perSet, shared, seed, sources } = this.scenario
    const shape = this.#shape
    if (this.#recording !== undefined) {
      const { octets } = this.#recording
      return { octets, wanted: octets, updates: 0, prefixes: 0 }
    }
    return buildTable({
      prefixes: prefixesPerSource,
      seed: seed + index,
      perSet,
      nextHop: addressOf(1, index),
      external,
      asn: 65_100 + index,
      // The shared addresses are the first ones of all.
      base: shape.overlaps || this.scenario.addPath ? 0 : shared + index * prefixesPerSource,
      shared,
      shape,
      ...(shape.overlaps && { among: { source: index, sources, seed } }),
    })
  }

  /** Of the shared addresses the first client's are the best: lowest BGP identifier. */
  #wanted(): HeldRoutes {
    const { external, addPath } = this.scenario
    const wanted = new HeldRoutes(external, 0, 0, this.#numbering)
    if (addPath) {
      for (const { wanted: octets } of this.tables) wanted.add(new HeldRoutes(external).takeAll(octets))
      return wanted
    }
    for (const [i, { wanted: octets }] of [...this.tables.entries()].reverse()) {
      if (!this.#gone.has(this.sources[i]!)) wanted.takeAll(octets)
    }
    return wanted
  }

  get #numbering(): Numbering {
    return this.#recording?.numbering ?? this.#shape.numbering
  }

  /** A receiver may hold as many routes as it must, and not yet the right ones. */
  get #changesUnderway(): boolean {
    return this.#shape.overlaps === true || this.scenario.addPath === true || this.#recording !== undefined
  }

  get #shape(): Shape {
    return SHAPES[this.scenario.shape]!
  }

  /** Where tables overlap, sources hold different routes than receivers, for nobody is told its own. */
  #isWatched(peer: SimPeer): boolean {
    return !this.#gone.has(peer) && !(this.#changesUnderway && this.sources.includes(peer))
  }

  #countFor(peer: SimPeer): number {
    const source = this.sources.indexOf(peer)
    if (source < 0) return this.wanted.count
    const [from, to] = this.#ownRange(source)
    return this.wanted.count - (to - from)
  }

  /** What a source announces and is the best for, so that nobody tells it. */
  #ownRange(source: number): [number, number] {
    const { shared, prefixesPerSource } = this.scenario
    if (this.#changesUnderway) return [0, 0]
    const from = shared + source * prefixesPerSource
    return [source === 0 ? 0 : from, from + prefixesPerSource]
  }

  #faults(): string[] {
    const faults: string[] = []
    if (this.scenario.play === 'churn' || this.scenario.play === 'late') return faults
    for (const peer of [...this.receivers, ...this.sources]) {
      if (!this.#isWatched(peer)) continue
      const differ = peer.held.differences(this.wanted)
      if (differ > 0) {
        faults.push(`${peer.options.local} has ${differ} prefixes that are not as they were sent`)
      }
    }
    return faults.slice(0, 5)
  }
}
