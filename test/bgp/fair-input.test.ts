import { expect, test } from 'vitest'
import { FairInput } from '../../bgp/fair-input.ts'
import type { Clock, Connection } from '../../bgp/ports.ts'

const KIB = 1024

/** A clock in which every look costs a millisecond, and connections that note what is done with them. */
function stage() {
  let now = 0
  let kicks = 0
  const heard: string[] = []
  const input = new FairInput({ now: () => now++ } as unknown as Clock, () => void kicks++)
  const line = (name: string) => {
    const done: string[] = []
    const connection = { pause: () => done.push('pause'), resume: () => done.push('resume') } as unknown as Connection
    const handlers = input.inTurn(connection, {
      data: (chunk) => heard.push(`${name}${chunk[0]}:${chunk.length / KIB}`),
      drain: () => heard.push(`${name} drain`),
      closed: () => heard.push(`${name} closed`),
    })
    return { ...handlers, done }
  }
  return { input, heard, line, kicks: () => kicks }
}

const chunk = (first: number, kib: number) => new Uint8Array(kib * KIB).fill(first)

test('what fits in a round is handed on at once', () => {
  const { heard, line, input, kicks } = stage()
  const a = line('a')
  a.data(chunk(1, 20))
  a.drain()
  expect(heard).toEqual(['a1:16', 'a1:4', 'a drain'])
  expect([a.done, kicks(), input.round()]).toEqual([[], 0, false])
})

test('a flood waits in pieces, and others have their turns between them', () => {
  const { heard, line, input, kicks } = stage()
  const [a, b] = [line('a'), line('b')]
  a.data(chunk(1, 160))
  expect(heard).toEqual(Array(5).fill('a1:16'))
  expect([a.done, kicks()]).toEqual([['pause'], 1])
  a.data(chunk(2, 16))
  b.data(chunk(3, 1))
  expect(b.done).toEqual(['pause'])

  heard.length = 0
  expect(input.round()).toBe(true)
  expect(heard).toEqual(['a1:16', 'b3:1', 'a1:16', 'a1:16', 'a1:16'])
  expect([a.done, b.done]).toEqual([['pause'], ['pause', 'resume']])

  heard.length = 0
  expect(input.round()).toBe(false)
  expect(heard).toEqual(['a1:16', 'a2:16'])
  expect(a.done).toEqual(['pause', 'resume'])
})

test('what waits is a copy, and comes before the end of its connection', () => {
  const { heard, line, input } = stage()
  const a = line('a')
  const octets = chunk(1, 96)
  a.data(octets)
  octets.fill(0xee)
  a.closed()
  expect(heard).toEqual([...Array(6).fill('a1:16'), 'a closed'])
  expect(input.round()).toBe(false)
  expect(heard.length).toBe(7)
})
