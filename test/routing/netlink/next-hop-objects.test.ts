import { describe, expect, test } from 'vitest'
import type { KernelNextHop } from '../../../routing/fib/kernel-target.ts'
import type { GroupChange } from '../../../routing/fib/route-batch.ts'
import { address } from '../../../routing/ip/address.ts'
import { MessageReader } from '../../../routing/netlink/message.ts'
import { NextHopObjects } from '../../../routing/netlink/next-hop-objects.ts'
import { decodeObject } from '../../../routing/netlink/object-decoder.ts'
import { ObjectEncoder } from '../../../routing/netlink/object-encoder.ts'
import { OBJECTS, OBJECTS_SHOWN, octetsOf } from './captures.ts'

const hop = (gateway: string, weight = 1): KernelNextHop => ({ gateway: address(gateway), interfaceIndex: 3, weight })
const FIRST = hop('192.0.2.2')
const SECOND = hop('2001:db8::2')
const NEW = 104
const DEL = 105

function messageOf(octets: Uint8Array): MessageReader {
  const reader = new MessageReader()
  reader.begin(octets)
  reader.next()
  return reader
}

/** What each message does to which object. */
function deeds(parts: readonly Uint8Array[]): string[] {
  const reader = new MessageReader()
  reader.begin(Buffer.concat(parts))
  const found: string[] = []
  while (reader.next()) {
    const { id = 0, members } = decodeObject(reader) ?? {}
    const what = reader.type === NEW ? (reader.flags & 0x100 ? 'replace' : 'add') : reader.type === DEL ? 'remove' : '?'
    found.push(
      members === undefined
        ? `${what} ${place(id)}`
        : `${what} ${place(id)} of ${members.map((m) => place(m.id)).join(' ')}`,
    )
  }
  return found
}

/** Groups and single next hops have ranges of their own. */
const place = (id: number) => (id >= 0x0b380000 ? `hop ${id - 0x0b380000}` : `group ${id}`)

describe('says what ip says', () => {
  test.each<[keyof typeof OBJECTS, (encoder: ObjectEncoder) => void]>([
    ['ip nexthop add id 11 via 192.0.2.2 dev west proto 179', (encoder) => encoder.single(0, 11, FIRST)],
    ['ip nexthop add id 12 via 2001:db8::2 dev west proto 179', (encoder) => encoder.single(0, 12, SECOND)],
    [
      'ip nexthop add id 21 group 11,1/12,3 proto 179',
      (encoder) => {
        const members = [
          { id: 11, weight: 1 },
          { id: 12, weight: 3 },
        ]
        encoder.group(0, 21, members, false)
      },
    ],
    ['ip nexthop del id 21', (encoder) => encoder.remove(0, 21)],
  ])('%s', (text, write) => {
    const encoder = new ObjectEncoder(179, 1)
    write(encoder)
    encoder.askForAnswer()
    expect(Buffer.concat(encoder.parts).toString('hex')).toBe(OBJECTS[text].replaceAll(' ', ''))
  })

  test('the change of a group makes none: NLM_F_REPLACE without NLM_F_CREATE', () => {
    const encoder = new ObjectEncoder(179, 1)
    encoder.group(0, 21, [{ id: 11, weight: 1 }], true)
    expect(messageOf(encoder.parts[0]!).flags).toBe(0x101)
  })
})

test('reads what the kernel shows', () => {
  expect(Object.values(OBJECTS_SHOWN).map((hex) => decodeObject(messageOf(octetsOf(hex))))).toEqual([
    { id: 11, protocol: 179, nextHop: FIRST },
    { id: 12, protocol: 179, nextHop: SECOND },
    {
      id: 22,
      protocol: 179,
      members: [
        { id: 11, weight: 1 },
        { id: 12, weight: 3 },
      ],
    },
  ])
})

test('any octets whatever are read without an exception', () => {
  const octets = octetsOf(OBJECTS_SHOWN['id 22 group 11,1/12,3 proto 179'])
  for (let at = 16; at < octets.length; at++) {
    for (const value of [0, 1, 3, 0x7f, 0xff]) {
      const copy = octets.slice()
      copy[at] = value
      expect(() => decodeObject(messageOf(copy))).not.toThrow()
    }
  }
})

test('many messages are sent in parts of whole ones', () => {
  const encoder = new ObjectEncoder(179, 1)
  const members = Array.from({ length: 256 }, (_, i) => ({ id: i + 1, weight: 1 }))
  for (let id = 1; id <= 500; id++) encoder.group(0, id, members, false)
  const { parts } = encoder
  expect(parts.length).toBeGreaterThan(10)
  for (const part of parts) expect(part.length).toBeLessThanOrEqual(131_072)
  expect(parts.flatMap((part) => deeds([part]))).toHaveLength(500)
})

describe('groups', () => {
  const put = (id: number, exists: boolean, ...nextHops: KernelNextHop[]): GroupChange => ({
    id,
    nextHops,
    exists,
    errno: 0,
  })

  function apply(objects: NextHopObjects, ...changes: GroupChange[]): string[] {
    const sent = deeds(objects.encode(changes, 179, 1).parts)
    return [...sent, ...deeds(objects.settle(changes))]
  }

  test('share their next hops, which come with the first and go with the last', () => {
    const objects = new NextHopObjects()
    expect(apply(objects, put(21, false, FIRST, SECOND), put(22, false, FIRST))).toEqual([
      'add hop 1',
      'add hop 2',
      'add group 21 of hop 1 hop 2',
      'add group 22 of hop 1',
    ])
    expect(apply(objects, put(21, true, FIRST))).toEqual(['replace group 21 of hop 1', 'remove hop 2'])
    expect(apply(objects, put(22, true))).toEqual(['remove group 22'])
    expect(apply(objects, put(21, true))).toEqual(['remove group 21', 'remove hop 1'])
  })

  test('each message belongs to the change it is for', () => {
    const changes = [put(21, false, FIRST), put(22, false, FIRST, SECOND)]
    expect(new NextHopObjects().encode(changes, 179, 1).changes).toEqual([0, 0, 1, 1])
  })

  test('are found in a dump, with what nobody needs of ours; numbers of others are left alone', () => {
    const objects = new NextHopObjects()
    const before = new ObjectEncoder(179, 1)
    before.single(0, 0x0b380001, FIRST)
    before.single(0, 0x0b380002, SECOND)
    before.group(0, 21, [{ id: 0x0b380001, weight: 5 }], false)
    const theirs = new ObjectEncoder(186, 1)
    theirs.single(0, 0x0b380003, hop('192.0.2.9'))
    const found: string[] = []
    objects.beginDump()
    for (const { parts } of [before, theirs]) {
      const reader = new MessageReader()
      reader.begin(parts[0]!)
      while (reader.next()) objects.shown(reader)
    }
    const removal = objects.endDump(179, ({ id, protocol, nextHops }) => {
      found.push(`${id} of ${protocol} over ${nextHops.toNextHops().map(({ gateway }) => gateway)}`)
    })
    expect(found).toEqual(['21 of 179 over 192.0.2.2'])
    expect(deeds(removal)).toEqual(['remove hop 2'])
    expect(apply(objects, put(22, false, FIRST, hop('192.0.2.3')))).toEqual([
      'add hop 4',
      'add group 22 of hop 1 hop 4',
    ])
  })
})
