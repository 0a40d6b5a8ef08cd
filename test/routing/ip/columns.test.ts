import { expect, test } from 'vitest'
import { grow8, grow16, grow32 } from '../../../routing/ip/columns.ts'

test.each([
  ['8', grow8, Uint8Array],
  ['16', grow16, Uint16Array],
  ['32', grow32, Uint32Array],
] as const)('a column of %s bits is moved whole; the old one gives its memory back at once', (_, grow, Column) => {
  const old = Column.from([1, 2, 3])
  const wider = (grow as (column: typeof old, rows: number) => typeof old)(old, 5)
  expect([...wider]).toEqual([1, 2, 3, 0, 0])
  expect([old.length, old.buffer.byteLength]).toEqual([0, 0])
  expect([...(grow as (column: typeof old, rows: number) => typeof old)(wider, 2)]).toEqual([1, 2])
})
