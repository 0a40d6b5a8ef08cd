import { expect, test } from 'vitest'
import { ChunkLog, type Reader } from '../../../bgp/rib/chunk-log.ts'

const chunk = (octets: number) => ({
  octets: new Uint8Array(octets),
  starts: [0],
  sources: [0],
  before: [0],
  messages: 1,
})

function reader(chunks: ChunkLog) {
  let visits = 0
  const member = {
    live: true,
    next: chunks.end,
    take() {
      visits++
      let octets = 0
      for (; member.next < chunks.end; member.next++) octets += chunks.at(member.next).chunk.octets.length
      return octets
    },
  }
  return { member: member as Reader, visits: () => visits }
}

test('a thousand members are served in turn, a part of them in each round, and get what came up meanwhile at once', () => {
  const chunks = new ChunkLog()
  const readers = Array.from({ length: 1000 }, () => reader(chunks))
  const members = new Set(readers.map(({ member }) => member))
  let rounds = 0
  for (let version = 1; version <= 20; version++) {
    chunks.append({ chunk: chunk(100), version, only: undefined })
    chunks.serve(members)
    rounds++
  }
  while (chunks.serve(members)) rounds++
  const visits = readers.map((each) => each.visits())
  expect(readers.every(({ member }) => member.next === 20)).toBe(true)
  // 2 MiB a round at 32 KiB a write: 64 members; nobody has to wait for a second turn of others.
  expect(Math.max(...visits) - Math.min(...visits)).toBeLessThanOrEqual(1)
  expect(Math.max(...visits)).toBeLessThanOrEqual(3)
  expect(rounds).toBeLessThan(20 + 1000 / 64 + 1)
})

test('chunks are forgotten once every live member has them', () => {
  const chunks = new ChunkLog()
  const [a, b] = [reader(chunks), reader(chunks)]
  const behind = { live: false, next: 0, take: () => 0 }
  const members = new Set([a.member, b.member, behind])
  chunks.append({ chunk: chunk(3 * 1024 * 1024), version: 1, only: undefined })
  expect(chunks.serve(members)).toBe(true)
  expect(chunks.at(0).version).toBe(1)
  expect(chunks.serve(members)).toBe(false)
  expect([a.visits(), b.visits(), chunks.end]).toEqual([1, 1, 1])
  expect(chunks.at(0)).toBeUndefined()
})
