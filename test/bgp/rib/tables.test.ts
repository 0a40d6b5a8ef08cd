import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AttributesTable } from '../../../bgp/rib/attributes-table.ts'
import { Buckets } from '../../../bgp/rib/buckets.ts'
import { DirtyList } from '../../../bgp/rib/dirty-list.ts'
import type { SetSource } from '../../../bgp/rib/fields.ts'
import { NextHops } from '../../../bgp/rib/next-hops.ts'
import { hex } from '../raw-peer.ts'

const source = (slot: number): SetSource => ({
  slot,
  external: false,
  local: false,
  client: false,
  localAsn: 65000,
  allowOwnAsn: 0,
  remoteAsn: 0,
  role: undefined,
  remoteIdentifier: slot,
  localIdentifier: 0xffff,
  clusterId: 0xffff,
  ownClusterIds: [0xffff],
  interfaceName: undefined,
})

/** ORIGIN, an empty AS_PATH, and a MED that makes it one of many. */
const attributes = (med: number) =>
  Uint8Array.of(0x40, 1, 1, 0, 0x40, 2, 0, 0x80, 4, 4, med >>> 24, (med >>> 16) & 255, (med >>> 8) & 255, med & 255)

describe('the table of attribute sets', () => {
  test('gives the same octets of the same peer the same id, and keeps them through any history of use', () => {
    const command = fc.record({
      slot: fc.integer({ min: 1, max: 3 }),
      med: fc.integer({ min: 0, max: 40 }),
      keep: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(command, { minLength: 200, maxLength: 600 }), (commands) => {
        const table = new AttributesTable(7, new NextHops(undefined))
        const kept = new Map<string, { id: number; count: number }>()
        for (const { slot, med, keep } of commands) {
          const octets = attributes(med)
          const key = `${slot} ${med}`
          const id = table.find(slot, octets, 0, octets.length)
          expect(id !== 0).toBe(kept.has(key))
          if (keep) {
            const used = id || table.add(source(slot), octets, 0, octets.length)
            table.retain(used)
            kept.set(key, { id: used, count: (kept.get(key)?.count ?? 0) + 1 })
            expect(table.med[used]).toBe(med)
          } else if (id !== 0) {
            table.release(id)
            const { count } = kept.get(key)!
            if (count === 1) kept.delete(key)
            else kept.set(key, { id, count: count - 1 })
          }
        }
        expect(table.size).toBe(kept.size)
        for (const [key, { id }] of kept) expect(hex(table.copyOf(id))).toBe(hex(attributes(Number(key.split(' ')[1]))))
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  test('moves its octets together when most are waste, and gives everything back in the end', () => {
    const table = new AttributesTable(7, new NextHops(undefined))
    const long = (n: number) => Uint8Array.of(...attributes(n), 0xd0, 99, 0x10, 0, ...new Uint8Array(4096))
    const ids: number[] = []
    for (let n = 0; n < 4000; n++) {
      const id = table.add(source(1), long(n), 0, 4114)
      table.retain(id)
      ids.push(id)
    }
    for (let n = 0; n < 4000; n++) if (n % 10 !== 0) table.release(ids[n]!)
    for (let n = 0; n < 4000; n += 10) expect(hex(table.copyOf(ids[n]!).subarray(0, 14))).toBe(hex(attributes(n)))
    expect(table.setsOf(1)).toBe(400)
    for (let n = 0; n < 4000; n += 10) table.release(ids[n]!)
    expect([table.size, table.capacity, table.setsOf(1)]).toEqual([0, 1024, 0])
  })

  test('a derived set keeps its original alive, and only as long as it lives itself', () => {
    const table = new AttributesTable(7, new NextHops(undefined))
    const original = table.add(source(1), attributes(1), 0, 14)
    const derived = table.derive(original, source(1), attributes(2), 14, 500)
    table.retain(derived)
    expect([table.originalOf(derived), table.originalOf(original), table.kernelMetricOf(derived)]).toEqual([
      original,
      original,
      500,
    ])
    expect(table.find(1, attributes(2), 0, 14)).toBe(0)
    table.release(derived)
    expect(table.size).toBe(0)
  })
})

describe('buckets', () => {
  test('hold what was put in, by key, in order, and can be used again', () => {
    const buckets = new Buckets()
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.nat(1e6))), (entries) => {
        buckets.clear()
        const wanted = new Map<number, number[]>()
        for (const [key, id] of entries) {
          buckets.add(key, id)
          wanted.set(key, [...(wanted.get(key) ?? []), id])
        }
        const got = new Map<number, number[]>()
        for (let i = 0; i < buckets.keyCount; i++) {
          const ids = []
          const key = buckets.keyAt(i)
          for (let e = buckets.firstEntry(key); !buckets.isEnd(e); e = buckets.nextEntry(e)) ids.push(buckets.idOf(e))
          got.set(key, ids)
        }
        expect(got).toEqual(wanted)
      }),
      { numRuns: 100, seed: 1 },
    )
  })
})

describe('a dirty list', () => {
  test('gives each id once, oldest first, and takes it again afterwards', () => {
    const list = new DirtyList()
    for (const id of [5, 3, 5, 9, 3, 70_000]) list.add(id)
    const seen: number[] = []
    list.drain(2, (id) => seen.push(id))
    expect([seen, list.length, list.has(5), list.has(9)]).toEqual([[5, 3], 2, false, true])
    list.add(5)
    const { ids, count } = list.takeAll()
    expect([...ids.subarray(0, count)]).toEqual([9, 70_000, 5])
    expect(list.length).toBe(0)
  })
})
