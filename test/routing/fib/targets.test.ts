import { describe, expect, test } from 'vitest'
import { NextHopWords } from '../../../routing/fib/next-hop-words.ts'
import { TargetTable } from '../../../routing/fib/targets.ts'
import { address } from '../../../routing/ip/address.ts'

/** `192.0.2.1@3*2`: gateway, link and weight. */
function words(...hops: string[]): NextHopWords {
  const made = new NextHopWords()
  for (const each of hops) {
    const [, gateway = '', link, weight = '1'] = /^([^@]*)@(\d+)(?:\*(\d+))?$/.exec(each) ?? []
    made.add(Number(link), Number(weight), gateway === '' ? undefined : address(gateway))
  }
  made.normalize()
  return made
}

describe('targets', () => {
  test('equal ones have one number, whatever the order of their next hops', () => {
    const table = new TargetTable()
    const id = table.intern('unicast', 10, words('192.0.2.1@3', '2001:db8::1@4*2', '192.0.2.2@3'))
    expect(table.intern('unicast', 10, words('192.0.2.2@3', '192.0.2.1@3', '2001:db8::1@4*2'))).toBe(id)
    expect(table.size).toBe(1)
  })

  test.each([
    ['metric', 'unicast', 11, words('192.0.2.1@3')],
    ['type', 'other', 10, words('192.0.2.1@3')],
    ['gateway', 'unicast', 10, words('192.0.2.2@3')],
    ['link', 'unicast', 10, words('192.0.2.1@4')],
    ['number of next hops', 'unicast', 10, words('192.0.2.1@3', '192.0.2.9@3')],
    ['lack of a gateway', 'unicast', 10, words('@3')],
  ] as const)('another %s makes another', (_, type, metric, nextHops) => {
    const table = new TargetTable()
    const id = table.intern('unicast', 10, words('192.0.2.1@3'))
    expect(table.intern(type, metric, nextHops)).not.toBe(id)
  })

  test('weights tell several next hops apart, and mean nothing to a single one', () => {
    const table = new TargetTable()
    expect(table.intern('unicast', 1, words('192.0.2.1@3*5'))).toBe(table.intern('unicast', 1, words('192.0.2.1@3')))
    const even = table.intern('unicast', 1, words('192.0.2.1@3', '192.0.2.2@3'))
    expect(table.intern('unicast', 1, words('192.0.2.1@3*2', '192.0.2.2@3'))).not.toBe(even)
  })

  test('can be read back', () => {
    const table = new TargetTable()
    const id = table.intern('unicast', 10, words('2001:db8::1@4*2', '192.0.2.1@3', '@9'))
    expect(table.get(id)).toEqual({
      type: 'unicast',
      metric: 10,
      nextHops: [
        { interfaceIndex: 9, weight: 1 },
        { interfaceIndex: 3, weight: 1, gateway: '192.0.2.1' },
        { interfaceIndex: 4, weight: 2, gateway: '2001:db8::1' },
      ],
    })
    expect(table.usesLink(4)).toBe(true)
    expect(table.usesLink(5)).toBe(false)
  })

  test('what is swept is forgotten, and its number used again', () => {
    const table = new TargetTable()
    const kept = table.intern('unicast', 1, words('192.0.2.1@3'))
    const swept = table.intern('unicast', 1, words('192.0.2.2@3'))
    const used = new Uint8Array(table.end)
    used[kept] = 1
    table.sweep(used)
    expect(table.get(swept)).toBeUndefined()
    expect(table.size).toBe(1)
    expect(table.intern('unicast', 1, words('192.0.2.1@3'))).toBe(kept)
    expect(table.intern('unicast', 1, words('192.0.2.3@3'))).toBe(swept)
    expect(table.get(swept)?.nextHops[0]?.gateway).toBe('192.0.2.3')
  })

  test('sets larger than any first guess', () => {
    const many = words(...Array.from({ length: 100 }, (_, i) => `192.0.2.${i + 1}@3`))
    const table = new TargetTable()
    expect(table.get(table.intern('unicast', 1, many))?.nextHops).toHaveLength(100)
  })
})
