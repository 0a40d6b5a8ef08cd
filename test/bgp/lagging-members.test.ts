import { afterEach, expect, test, vi } from 'vitest'
import type { PeerConfig, Policy } from '../../bgp/contract.ts'
import { Tables } from '../../bgp/rib/tables.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import {
  ALL,
  type AllSaid,
  connect,
  expectSame,
  forget,
  heard,
  LOCAL_ASN,
  PEERS,
  type PeerRow,
  PREFIXES,
  peerOf,
  saidOf,
  someUpdates,
  toldOf,
} from './oracle.ts'
import { hex, message, RawPeer, u32 } from './raw-peer.ts'
import { type Node, Rack, seeded } from './speakers.ts'

/**
 * Update groups whose members fall behind all the time: sockets take next to nothing, peers stall, flap, ask for
 * refreshes, and are moved between groups, while routes come and go. In the end everybody must know what the oracle
 * says, and when all is gone, nothing may be left.
 */
const LOCAL_PREFIXES = ['30.0.0.0/8', '31.0.0.0/8', PREFIXES[0]!]
const refresh = message(5, 0, 1, 0, 1)
const endOfRib = message(2, 0, 0, 0, 0)

class Stage {
  readonly rack = new Rack()
  readonly said: AllSaid = new Map()
  readonly raw = new Map<number, RawPeer>()
  readonly node: Node
  readonly random: () => number
  /** By peer: prefixes that its export policy refuses, and whether it is told our own routes. */
  readonly denied = new Map<number, readonly string[]>()
  readonly audience = new Set<number>()
  local: readonly string[] = []

  constructor(random: () => number) {
    this.random = random
    this.node = this.rack.speaker('10.0.0.100', this.config())
    for (const row of PEERS) {
      const one = new RawPeer(this.rack, `10.0.0.${row.id}`)
      one.lenient = true
      this.raw.set(row.id, one)
      connect(one, row)
    }
  }

  config() {
    const rules = (id: number) => ({
      name: 'deny',
      match: {
        prefixes: (this.denied.get(id) ?? []).map((text) => ({ prefix: prefix(text), minLength: 0, maxLength: 32 })),
      },
      set: {},
      action: 'reject' as const,
    })
    const policies = PEERS.map(({ id }): Policy => ({ name: `to-${id}`, rules: [rules(id)], defaultAction: 'accept' }))
    const routes = this.local.map((text) => ({ prefix: prefix(text), because: 'test', communities: [] }))
    return {
      policies: [ALL, ...policies],
      peers: PEERS.map((row) => this.peer(row)),
      originationSets: [{ name: 'own', routes }],
    }
  }

  peer(row: PeerRow): PeerConfig {
    const { id } = row
    return {
      ...peerOf(row),
      timers: { holdSeconds: 0, keepaliveSeconds: 0, connectRetrySeconds: 5 },
      ...(this.denied.has(id) ? { exportPolicies: [`to-${id}`] } : {}),
      ...(this.audience.has(id) ? { originationSet: 'own' } : {}),
    }
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)]!
  }

  stall(id: number, stalled: boolean): void {
    for (const connection of this.rack.network.connections) {
      if (connection.localAddress === `10.0.0.${id}` && connection.remoteAddress === '10.0.0.100') {
        connection.stall(stalled)
      }
    }
  }

  act(): void {
    const row = this.pick(PEERS)
    const one = this.raw.get(row.id)!
    const dice = this.random()
    if (dice < 0.5) one.write(...someUpdates(this.random, row, this.said))
    else if (dice < 0.62) this.stall(row.id, true)
    else if (dice < 0.7) this.stall(row.id, false)
    else if (dice < 0.74) this.flap(row)
    else if (dice < 0.82) one.write(refresh)
    else if (dice < 0.9) this.#reconfigure(row)
    else this.rack.clock.advance(this.random() * 10)
    if (this.random() < 0.5) this.rack.clock.runUntilIdle()
  }

  flap(row: PeerRow): void {
    const one = this.raw.get(row.id)!
    one.close()
    forget(this.said, row)
    one.routes.clear()
    one.received.length = 0
    const { latencyMs } = this.rack.network
    this.rack.network.latencyMs = 0
    connect(one, row)
    this.rack.network.latencyMs = latencyMs
  }

  #reconfigure({ id, kind }: PeerRow): void {
    const dice = this.random()
    if (dice < 0.4 && kind !== 'external') {
      if (this.random() < 0.3) this.denied.delete(id)
      else
        this.denied.set(
          id,
          PREFIXES.filter(() => this.random() < 0.4),
        )
    } else if (dice < 0.7) {
      if (!this.audience.delete(id)) this.audience.add(id)
    } else this.local = LOCAL_PREFIXES.filter(() => this.random() < 0.5)
    this.node.apply(this.config())
  }

  compare(): void {
    for (const { id } of PEERS) this.stall(id, false)
    this.rack.settle(5)
    for (const at of [...PREFIXES, '30.0.0.0/8', '31.0.0.0/8']) {
      for (const row of PEERS) {
        const wanted = this.denied.get(row.id)?.includes(at) ? [] : this.#wanted(at, row)
        expectSame(heard(this.raw.get(row.id)!, at), wanted, `${at} as told to ${row.id}`)
      }
    }
    for (const [id, { received }] of this.raw) {
      const ends = received.filter((octets) => hex(octets) === hex(endOfRib)).length
      expect(ends, `End-of-RIBs to ${id}`).toBe(1)
    }
  }

  /** Our own route is the best, and one of the few. */
  #wanted(at: string, row: PeerRow): Record<number, string>[] {
    const routes = saidOf(this.said, at)
    if (!this.local.includes(at)) return toldOf(routes, row)
    const others = row.takes > 1 ? toldOf(routes, { ...row, takes: row.takes - 1 }) : []
    if (!this.audience.has(row.id)) return others
    const external = row.kind === 'external'
    const path = external ? hex(Uint8Array.from([2, 1, ...u32(LOCAL_ASN)])) : ''
    return [{ 1: '00', 2: path, 3: '0a000064', ...(external ? {} : { 5: '00000064' }) }, ...others]
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

test.each(Array.from({ length: 12 }, (_, i) => i + 1))('members that lag, seed %i', (seed) => {
  const spy = vi.spyOn(Tables.prototype, 'takeSlot')
  const stage = new Stage(seeded(seed))
  stage.rack.network.highWaterOctets = 200
  for (let round = 0; round < 400; round++) {
    if (round % 40 === 20) stage.rack.network.latencyMs = stage.pick([0, 3])
    stage.act()
    if (round % 80 === 79) stage.compare()
  }
  stage.compare()

  stage.node.apply({ peers: [], originationSets: [] })
  stage.rack.settle(200)
  const tables = spy.mock.contexts[0] as unknown as Tables
  expect(tables.sets.size).toBe(0)
  for (const rib of tables.ribs.values()) expect(rib.prefixes.size).toBe(0)
  expect(stage.rack.clock.pending).toBe(0)
})
