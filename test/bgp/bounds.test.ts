import { expect, test } from 'vitest'
import { PrefixLimits } from '../../bgp/peer/prefix-limits.ts'
import { open, RawPeer, u16, u32, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** Routes that are well-formed and larger than anything needs to be (bgp/bounds.ts); extended messages carry them. */
const capabilities = [1, 4, 0, 1, 0, 1, 6, 0, 65, 4, ...u32(65000)]
const attribute = (code: number, value: readonly number[]) => [0xd0, code, ...u16(value.length), ...value]
const filled = (count: number, octets: number) => Array.from({ length: count * octets }, (_, i) => i & 0xff)
/** Segments of 255. */
const path = (count: number) => {
  const segments: number[] = []
  for (let left = count; left > 0; left -= 255)
    segments.push(2, Math.min(255, left), ...Array(Math.min(255, left)).fill(u32(7)).flat())
  return [0x50, 2, ...u16(segments.length), ...segments]
}

function taken(extra: readonly number[], withPath?: readonly number[]): boolean {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2', { passive: true })] })
  const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities }))
  const plain = update({ nlri: ['20.0.0.0/8'], extra })
  if (withPath === undefined) raw.send(plain)
  else {
    // ORIGIN, AS_PATH, NEXT_HOP.
    const list = [0x40, 1, 1, 0, ...withPath, 0x40, 3, 4, 10, 0, 0, 2]
    const body = [0, 0, ...u16(list.length), ...list, 8, 20]
    raw.send(Uint8Array.from([...Array(16).fill(0xff), ...u16(19 + body.length), 2, ...body]))
  }
  expect(node.peer('10.0.0.2')).toMatchObject({ state: 'Established' })
  return node.prefixes().length === 1
}

test.each([
  ['1024 ASes', [], path(1024), true],
  ['1025 ASes', [], path(1025), false],
  ['2048 communities', attribute(8, filled(2048, 4)), undefined, true],
  ['2049 communities', attribute(8, filled(2049, 4)), undefined, false],
  ['2049 extended communities', attribute(16, filled(2049, 8)), undefined, false],
  ['2049 large communities', attribute(32, filled(2049, 12)), undefined, false],
  ['an unknown attribute of 32768 octets', attribute(99, filled(32_768, 1)), undefined, true],
  ['an unknown attribute of 32769 octets', attribute(99, filled(32_769, 1)), undefined, false],
] as const)('a route with %s is taken, or withdrawn', (_, extra, withPath, expected) => {
  expect(taken(extra, withPath)).toBe(expected)
})

test('routes in MP_REACH_NLRI are as many as there is room for', () => {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2', { passive: true })] })
  const both = [1, 4, 0, 2, 0, 1, 6, 0, 65, 4, ...u32(65000)]
  const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities: both }))
  const nlri = Array.from({ length: 8000 }, (_, i) => [48, 0x20, 1, 0xd, 0xb8, ...u16(i)]).flat()
  const reach = attribute(14, [0, 2, 1, 16, 0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1, 0, ...nlri])
  reach[0] = 0x90
  const list = [0x40, 1, 1, 0, 0x40, 2, 0, ...reach]
  const body = [0, 0, ...u16(list.length), ...list]
  raw.send(Uint8Array.from([...Array(16).fill(0xff), ...u16(19 + body.length), 2, ...body]))
  expect(node.speaker.counts().ipv6).toBe(8000)
})

test('a peer whose attributes fill more than there is for it restarts', () => {
  const config = peer('10.0.0.2')
  const limits = new PrefixLimits(() => {})
  const held = { heldOf: () => 1, attributeOctets: 1024 * 1024 * 1024 }
  expect(limits.check(config, held)).toBeUndefined()
  expect(limits.check(config, { ...held, attributeOctets: held.attributeOctets + 1 })).toMatchObject({
    restartSeconds: 300,
    fault: { notification: { code: 6, subcode: 8 } },
  })
})
