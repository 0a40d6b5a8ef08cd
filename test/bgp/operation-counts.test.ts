import { afterEach, describe, expect, test, vi } from 'vitest'
import { AttributesTable } from '../../bgp/rib/attributes-table.ts'
import { UpdatePacker } from '../../bgp/rib/update-packer.ts'
import { FakeConnection } from '../fakes/connection.ts'
import { open, RawPeer, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/**
 * What makes the engine fast, as counts of operations that do not depend on how fast the machine is: work that is done
 * once per attribute set or once per change, however many routes share it and however many peers hear of it.
 */
afterEach(() => void vi.restoreAllMocks())

const SOURCE = 2
const SETS = 50
const PREFIXES_PER_SET = 20

/** A reflector with a source and `members` clients that listen. */
function reflector(members: number) {
  const rack = new Rack()
  const ids = Array.from({ length: members + 1 }, (_, i) => SOURCE + i)
  rack.speaker('10.0.0.1', {
    peers: ids.map((id) => peer(`10.0.0.${id}`, { passive: true, routeReflectorClient: true })),
  })
  const [source, ...clients] = ids.map((id) =>
    new RawPeer(rack, `10.0.0.${id}`).establish('10.0.0.1', open({ identifier: [10, 0, 0, id] })),
  )
  rack.settle(1)
  return { rack, source: source!, clients }
}

/** SETS attribute sets, their prefixes scattered: each UPDATE holds two prefixes of one set. */
function table(med = 0): Uint8Array[] {
  return Array.from({ length: (SETS * PREFIXES_PER_SET) / 2 }, (_, i) => {
    const prefixes = [2 * i, 2 * i + 1].map((n) => `20.${n >> 8}.${n & 255}.0/24`)
    return update({ nlri: prefixes, localPref: 100, med: med + (i % SETS) })
  })
}

const concat = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))

/** Operations while `action` runs. */
function counted(action: () => void) {
  const decoded = vi.spyOn(AttributesTable.prototype, 'add')
  const serialized = vi.spyOn(UpdatePacker.prototype, 'announce')
  const writes = vi.spyOn(FakeConnection.prototype, 'write')
  action()
  const counts = {
    decoded: decoded.mock.calls.length,
    serialized: serialized.mock.calls.length,
    writes: writes.mock.calls.length,
  }
  vi.restoreAllMocks()
  return counts
}

/** Octets of all typed arrays that are made by their length while `action` runs. */
function allocated(action: () => void): number {
  let octets = 0
  for (const made of [Uint8Array, Uint16Array, Uint32Array, Float64Array]) {
    vi.stubGlobal(
      made.name,
      new Proxy(made, {
        construct(target, [length, ...rest]) {
          const array = Reflect.construct(target, [length, ...rest])
          if (typeof length === 'number') octets += array.byteLength
          return array
        },
      }),
    )
  }
  try {
    action()
  } finally {
    vi.unstubAllGlobals()
  }
  return octets
}

describe('a table that comes in one piece', () => {
  test('is serialized once, and written once to each member, whatever their number', () => {
    for (const members of [1, 10, 40]) {
      const { source, clients } = reflector(members)
      const counts = counted(() => source.send(concat(table())))
      for (const client of clients) expect(client.routes.size).toBe(SETS * PREFIXES_PER_SET)
      // The source's own write is the one more.
      expect({ members, ...counts }).toEqual({ members, decoded: SETS, serialized: SETS, writes: members + 1 })
    }
  })

  test('goes out in as many UPDATEs as there are sets, however it came', () => {
    const { source, clients } = reflector(1)
    const before = clients[0]!.types().filter((type) => type === 2).length
    source.send(concat(table()))
    expect(clients[0]!.types().filter((type) => type === 2).length - before).toBe(SETS)
  })

  test('costs nothing further when it is told again', () => {
    const { source } = reflector(5)
    source.send(concat(table()))
    expect(counted(() => source.send(concat(table())))).toEqual({ decoded: 0, serialized: 0, writes: 1 })
  })
})

test('what is ready to be read at once is told in portions, so that nobody waits for the end of it', () => {
  // As much of what waits as of what is new.
  const ROUND_OCTETS = 2 * 5 * 16 * 1024
  const { rack, source, clients } = reflector(1)
  rack.network.chunkOctets = 1_000_000
  rack.lookMs = 1
  const [each, all] = [400, 60_000]
  const messages = Array.from({ length: all / each }, (_, k) =>
    update({ nlri: Array.from({ length: each }, (_, i) => `20.${(k * each + i) >> 8}.${(k * each + i) & 255}.0/24`) }),
  )
  const writes = vi.spyOn(FakeConnection.prototype, 'write')
  source.send(concat(messages))
  const octets = writes.mock.calls.slice(1).map(([chunk]) => chunk.length)
  expect(clients[0]?.routes.size).toBe(all)
  expect(Math.max(...octets)).toBeLessThan(ROUND_OCTETS)
  expect(octets.length).toBeGreaterThanOrEqual((all * 4) / ROUND_OCTETS)
})

test('one change is one serialization, and one write to each member', () => {
  const { source, clients } = reflector(20)
  source.send(concat(table()))
  const change = update({ nlri: ['20.0.7.0/24'], localPref: 100, med: 4711 })
  expect(counted(() => source.send(change))).toEqual({ decoded: 1, serialized: 1, writes: clients.length + 1 })
})

test('a change allocates what it says, and no tables, however many prefixes were told before', () => {
  const { source } = reflector(3)
  const many = Array.from({ length: 70_000 }, (_, i) => `20.${i >> 8}.${i & 255}.0/24`)
  source.send(concat(Array.from({ length: 70 }, (_, i) => update({ nlri: many.slice(i * 1000, (i + 1) * 1000) }))))
  const change = (med: number) => source.send(update({ nlri: ['20.0.7.0/24'], localPref: 100, med }))
  for (let med = 1; med <= 3; med++) change(med)
  const octets = allocated(() => {
    for (let med = 100; med < 200; med++) change(med)
  })
  // The UPDATE that comes and the one that goes are some 60 octets each.
  expect(octets / 100).toBeLessThan(1024)
})

test('changes that overtake each other in one piece are told once', () => {
  const { source, clients } = reflector(3)
  source.send(concat(table()))
  const changes = Array.from({ length: 30 }, (_, i) => update({ nlri: ['20.0.7.0/24'], localPref: 100, med: 5000 + i }))
  const { serialized, writes } = counted(() => source.send(concat(changes)))
  expect({ serialized, writes }).toEqual({ serialized: 1, writes: clients.length + 1 })
})
