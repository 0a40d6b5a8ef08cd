import { describe, expect, test } from 'vitest'
import { RowQueue } from '../../../routing/fib/row-queue.ts'

function filled(from: number, to: number, queue = new RowQueue()): RowQueue {
  for (let row = from; row <= to; row++) queue.push(row)
  return queue
}

function takeAll(queue: RowQueue): number[] {
  const rows: number[] = []
  for (let row = queue.shift(); row !== 0; row = queue.shift()) rows.push(row)
  return rows
}

describe('the queue of rows', () => {
  test.each([1, 2, 3, 511, 512, 513, 1_000, 4_096, 10_007, 65_536])('gives each of %d rows once', (count) => {
    const queue = filled(1, count)
    expect(queue.size).toBe(count)
    const rows = takeAll(queue)
    expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1))
    expect(queue.size).toBe(0)
  })

  test('few come out as they went in', () => {
    expect(takeAll(filled(1, 100))).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  })

  test('of many no two neighbours come out together', () => {
    const rows = takeAll(filled(1, 10_000))
    const nearest = Math.min(...rows.slice(1).map((row, i) => Math.abs(row - rows[i]!)))
    expect(nearest).toBeGreaterThan(1_000)
  })

  test('what comes meanwhile has its turn after what was there', () => {
    const queue = filled(1, 1_000)
    const first = [queue.shift(), queue.shift()]
    filled(2_001, 2_600, queue)
    const rest = takeAll(queue)
    expect(new Set([...first, ...rest.slice(0, 998)])).toEqual(new Set(Array.from({ length: 1_000 }, (_, i) => i + 1)))
    expect(Math.min(...rest.slice(998))).toBe(2_001)
    expect(rest).toHaveLength(1_598)
  })
})
