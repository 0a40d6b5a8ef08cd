import { addressOf } from './addresses.ts'
import { Changes } from './changes.ts'
import { HeldRoutes } from './held-routes.ts'
import { percentile } from './median.ts'
import type { LoadCommand, LoadResult, Scenario } from './scenario.ts'
import { SHAPES, type Shape } from './shapes.ts'
import { SimPeer } from './sim-peer.ts'
import { buildTable, type Table } from './table.ts'

/** The measured action begins and ends; the bench reads its clocks before it answers. */
export type Moment = 'begin' | 'end'
type Tell = (moment: Moment) => Promise<void>
type PlayCommand = Extract<LoadCommand, { readonly type: 'play' }>

/** Plays a scenario to its end and checks what every receiver holds. */
export async function play({ scenario, daemon, port }: PlayCommand, tell: Tell): Promise<LoadResult> {
  const stage = new Stage(scenario, daemon, port, tell)
  try {
    switch (scenario.play) {
      case 'table':
      case 'pods':
        return await table(stage)
      case 'cold':
        return await cold(stage)
      case 'withdraw':
        return await withdraw(stage)
      case 'refresh':
        return await refresh(stage)
      case 'churn':
        return await churn(stage)
      case 'late':
        return await late(stage)
    }
  } finally {
    stage.close()
  }
}

async function table(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  return stage.measure(async () => {
    stage.sendTables()
    await stage.everybodyHasAll()
  })
}

async function cold(stage: Stage): Promise<LoadResult> {
  return stage.measure(async () => {
    await connectInTurn(stage.sources, (source) => source.send(stage.tables[stage.sources.indexOf(source)]!.octets))
    await stage.everybodyHasAll()
  })
}

async function withdraw(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  stage.sendTables()
  await stage.everybodyHasAll()
  return stage.measure(async () => {
    stage.lose(0)
    await stage.everybodyHasAll()
  })
}

async function refresh(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  stage.sendTables()
  await stage.everybodyHasAll()
  return stage.measure(async () => {
    for (const receiver of stage.receivers) {
      receiver.held.forget()
      receiver.askForRefresh()
    }
    await stage.everybodyHasAll()
  })
}

const TICKS = 10_000

async function churn(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  stage.sendTables()
  await stage.everybodyHasAll()
  const changes = new Changes(stage)
  const result = await stage.measure(async () => {
    await changes.run(TICKS)
    await Promise.all(stage.receivers.map((receiver) => receiver.until(() => changes.allSeen())))
  })
  return { ...result, latencyMs: changes.latency() }
}

async function late(stage: Stage): Promise<LoadResult> {
  await stage.connectAll()
  stage.sendTables()
  await stage.everybodyHasAll()
  const changes = new Changes(stage)
  const running = changes.run(TICKS / 5)
  const newcomer = stage.newPeer(3, 0)
  const result = await stage.measure(async () => {
    await newcomer.connect()
    await newcomer.until(() => newcomer.held.count >= stage.wanted.count)
  })
  await running
  await Promise.all(stage.receivers.map((receiver) => receiver.until(() => changes.allSeen())))
  newcomer.close()
  return result
}

/**
 * So many connect at a time. BIRD listens with a backlog of 8; what is more is dropped by the kernel and comes again
 * after seconds, which is then what would be measured.
 */
const CONNECTING = 8

async function connectInTurn(peers: readonly SimPeer[], connected: (peer: SimPeer) => void = () => {}): Promise<void> {
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
class Stage {
  readonly scenario: Scenario
  readonly tables: readonly Table[]
  readonly sources: SimPeer[]
  readonly receivers: SimPeer[]
  /** What a peer that announces nothing must hold. */
  wanted: HeldRoutes
  readonly #daemon: string
  readonly #port: number
  readonly #tell: Tell
  readonly #gone = new Set<SimPeer>()
  #doneAt: number[] = []

  constructor(scenario: Scenario, daemon: string, port: number, tell: Tell) {
    this.scenario = scenario
    this.#daemon = daemon
    this.#port = port
    this.#tell = tell
    this.tables = Array.from({ length: scenario.sources }, (_, i) => this.#table(i))
    this.sources = this.tables.map((_, i) => this.newPeer(1, i))
    this.receivers = Array.from({ length: scenario.receivers }, (_, i) => this.newPeer(2, i))
    this.wanted = this.#wanted()
    if (this.#shape.overlaps) for (const { held } of this.receivers) held.expect(this.wanted)
  }

  newPeer(role: number, index: number): SimPeer {
    const { external } = this.scenario
    const { numbering } = this.#shape
    const octets = addressOf(role, index)
    return new SimPeer({
      local: octets.join('.'),
      daemon: this.#daemon,
      port: this.#port,
      asn: external ? 65_000 + role * 100 + index : 65_000,
      identifier: octets,
      external,
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
        const has = this.#shape.overlaps ? () => peer.held.right === wanted : () => peer.held.count === wanted
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
    return buildTable({
      prefixes: prefixesPerSource,
      seed: seed + index,
      perSet,
      nextHop: addressOf(1, index),
      external,
      asn: 65_100 + index,
      // The shared addresses are the first ones of all.
      base: shape.overlaps ? 0 : shared + index * prefixesPerSource,
      shared,
      shape,
      ...(shape.overlaps && { among: { source: index, sources, seed } }),
    })
  }

  /** Of the shared addresses the first client's are the best: lowest BGP identifier. */
  #wanted(): HeldRoutes {
    const wanted = new HeldRoutes(this.scenario.external, 0, 0, this.#shape.numbering)
    for (const [i, { wanted: octets }] of [...this.tables.entries()].reverse()) {
      if (!this.#gone.has(this.sources[i]!)) wanted.takeAll(octets)
    }
    return wanted
  }

  get #shape(): Shape {
    return SHAPES[this.scenario.shape]!
  }

  /** Where tables overlap, sources hold different routes than receivers, for nobody is told its own. */
  #isWatched(peer: SimPeer): boolean {
    return !this.#gone.has(peer) && !(this.#shape.overlaps && this.sources.includes(peer))
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
    if (this.#shape.overlaps) return [0, 0]
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
