import { describe, expect, test } from 'vitest'
import { keepalive, message, open, RawPeer, u32, update } from '../bgp/raw-peer.ts'
import { own, peer, Rack } from '../bgp/speakers.ts'

/** A scripted speaker, octets in and octets expected, against routelet at 10.0.0.1 (AS 65000); it is 10.0.0.2. */
function stage(changes: Parameters<typeof peer>[1] = {}) {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    peers: [peer('10.0.0.2', { passive: true, ...changes })],
    originationSets: own('10.1.0.0/24'),
  })
  return { rack, node, raw: new RawPeer(rack, '10.0.0.2') }
}

describe('an OPEN is refused', () => {
  const capability = (...octets: number[]) => ({ capabilities: octets })
  test.each([
    ['version 3', open({ version: 3 }), '2/1 0004'],
    ['another AS', open({ asn: 65009 }), '2/2'],
    ['AS 0', open({ asn: 0 }), '2/2'],
    ['AS_TRANS without the capability', open({ asn: 23456, capabilities: [] }), '2/2'],
    ['identifier zero', open({ identifier: [0, 0, 0, 0] }), '2/3'],
    ['our own identifier on an internal session', open({ identifier: [10, 0, 0, 1] }), '2/3'],
    ['hold time 1', open({ holdSeconds: 1 }), '2/6'],
    ['hold time 2', open({ holdSeconds: 2 }), '2/6'],
    ['an unknown optional parameter', open({ parameters: [3, 1, 1, 0] }), '2/4'],
    ['a parameter that overruns', open({ parameters: [4, 2, 9, 2, 0] }), '2/0'],
    ['parameters shorter than said', open({ parameters: [9, 2, 2, 2, 0] }), '2/0'],
    ['a capability that overruns', open(capability(1, 9, 0, 1, 0, 1)), '2/0'],
    ['a multiprotocol capability of 3 octets', open(capability(1, 3, 0, 1, 0)), '2/0'],
    ['a four-octet AS capability of 2 octets', open(capability(65, 2, 0, 1)), '2/0'],
    ['no family in common', open(capability(1, 4, 0, 25, 0, 70, 65, 4, ...u32(65000))), '2/7 010400010001010400020001'],
  ])('with %s', (_, octets, wanted) => {
    const { raw } = stage()
    raw.dial('10.0.0.1').send(octets)
    const { code, subcode, data } = raw.notification!
    expect(`${code}/${subcode} ${data}`.trim()).toBe(wanted)
    expect(raw.closed).toBe(true)
  })

  test.each([
    ['hold time zero', open({ holdSeconds: 0 })],
    ['hold time 3', open({ holdSeconds: 3 })],
    ['an unknown capability', open({ capabilities: [200, 2, 1, 2, 1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000)] })],
    ['no capabilities: IPv4 unicast (RFC 4760, 8)', open({ capabilities: [] })],
    ['the same capability twice', open({ capabilities: [1, 4, 0, 1, 0, 1, 1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000)] })],
    [
      'capabilities in parameters of their own',
      open({ parameters: [16, 2, 6, 1, 4, 0, 1, 0, 1, 2, 6, 65, 4, ...u32(65000)] }),
    ],
    ['extended parameters (RFC 9072)', open({ parameters: [255, 255, 0, 9, 2, 0, 6, 1, 4, 0, 1, 0, 1] })],
  ])('but not with %s', (_, octets) => {
    const { raw, node } = stage()
    raw.dial('10.0.0.1').send(octets, keepalive)
    expect(raw.notification).toBeUndefined()
    expect(node.peer('10.0.0.2').state).toBe('Established')
  })
})

describe('a header is refused', () => {
  const broken = (change: (octets: Uint8Array) => void, from = keepalive) => {
    const octets = Uint8Array.from(from)
    change(octets)
    return octets
  }
  test.each([
    ['a marker that is not all ones', broken((octets) => octets.fill(0, 3, 4)), '1/1'],
    ['length 18', broken((octets) => octets.set([0, 18], 16)), '1/2 0012'],
    ['length 4097', broken((octets) => octets.set([16, 1], 16), update({ nlri: ['20.0.0.0/8'] })), '1/2 1001'],
    ['a KEEPALIVE of 20 octets', message(4, 0), '1/2 0014'],
    ['an OPEN of 28 octets', message(1, 4, 0, 0, 0, 0, 0, 0, 0, 0), '1/2 001c'],
    ['an UPDATE of 22 octets', message(2, 0, 0, 0), '1/2 0016'],
    ['a NOTIFICATION of 20 octets', message(3, 6), '1/2 0014'],
    ['type 9', message(9), '1/3 09'],
    ['type 0', message(0), '1/3 00'],
  ])('%s', (_, octets, wanted) => {
    for (const before of [0, 1, 2]) {
      const { raw } = stage()
      raw.dial('10.0.0.1')
      if (before > 0) raw.send(open())
      if (before > 1) raw.send(keepalive)
      raw.send(octets)
      const { code, subcode, data } = raw.notification!
      expect(`${code}/${subcode} ${data}`.trim(), `after ${before} messages`).toBe(wanted)
      expect(raw.closed).toBe(true)
    }
  })

  test('and the session comes back by itself within two seconds, again and again', () => {
    const rack = new Rack()
    const node = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2')], originationSets: [] })
    const other = rack.speaker('10.0.0.2', { peers: [peer('10.0.0.1', { passive: true })] })
    rack.settle(2)
    for (let i = 0; i < 20; i++) {
      for (const connection of rack.network.connections) if (connection.remotePort === 179) connection.write(message(9))
      rack.clock.runUntilIdle()
      expect(node.peer('10.0.0.2').state).not.toBe('Established')
      rack.clock.advance(2000)
      expect(node.peer('10.0.0.2').state).toBe('Established')
    }
    expect(other.peer('10.0.0.1').lastError).toMatchObject({ code: 1, subcode: 3 })
  })
})

describe('a message in the wrong state', () => {
  const refresh = message(5, 0, 1, 0, 1)
  test.each([
    ['OpenSent', [], keepalive, '5/1 04'],
    ['OpenSent', [], update({ nlri: ['20.0.0.0/8'] }), '5/1 02'],
    ['OpenSent', [], refresh, '5/1 05'],
    ['OpenConfirm', [open()], open(), '5/2 01'],
    ['OpenConfirm', [open()], update({ nlri: ['20.0.0.0/8'] }), '5/2 02'],
    ['OpenConfirm', [open()], refresh, '5/2 05'],
    ['Established', [open(), keepalive], open(), '5/3 01'],
  ])('%s: %#', (state, before, octets, wanted) => {
    const { raw, node } = stage()
    raw.dial('10.0.0.1').send(...before)
    expect(node.peer('10.0.0.2').state).toBe(state)
    raw.send(octets)
    const { code, subcode, data } = raw.notification!
    expect(`${code}/${subcode} ${data}`).toBe(wanted)
  })

  test('a NOTIFICATION is never answered, even a broken one', () => {
    const { raw, node } = stage()
    raw.establish('10.0.0.1', open()).send(message(3, 99, 99))
    expect(raw.types()).not.toContain(3)
    expect(raw.closed).toBe(true)
    expect(node.peer('10.0.0.2').lastError).toMatchObject({ direction: 'received', code: 99, subcode: 99 })
  })
})

describe('timers', () => {
  test('the lower hold time counts, keepalives go out at a third of it, silence ends the session with 4/0', () => {
    const { raw, rack, node } = stage()
    raw.establish('10.0.0.1', open({ holdSeconds: 9 }))
    expect(node.peer('10.0.0.2').timers).toEqual({ holdSeconds: 9, keepaliveSeconds: 3 })
    rack.clock.advance(8900)
    const keepalives = raw.types().filter((type) => type === 4).length
    expect(keepalives).toBeGreaterThanOrEqual(1 + 2)
    expect(keepalives).toBeLessThanOrEqual(1 + 4)
    expect(raw.notification).toBeUndefined()
    rack.clock.advance(200)
    expect(raw.notification).toEqual({ code: 4, subcode: 0, data: '' })
    expect(node.prefixes()).toEqual(['10.1.0.0/24'])
  })

  test('any message keeps it up', () => {
    const { raw, rack, node } = stage()
    raw.establish('10.0.0.1', open({ holdSeconds: 9 }))
    for (let i = 0; i < 10; i++) {
      rack.clock.advance(8000)
      raw.send(i % 2 === 0 ? keepalive : update({ nlri: ['20.0.0.0/8'] }))
    }
    expect(node.peer('10.0.0.2').state).toBe('Established')
  })

  test('hold time zero: no keepalive, no end', () => {
    const { raw, rack, node } = stage()
    raw.establish('10.0.0.1', open({ holdSeconds: 0 }))
    rack.clock.advance(3_600_000)
    expect(node.peer('10.0.0.2').state).toBe('Established')
    expect(raw.types().filter((type) => type === 4)).toHaveLength(1)
  })

  test('an OPEN that never comes ends the attempt after four minutes', () => {
    const { raw, rack } = stage()
    raw.dial('10.0.0.1')
    rack.clock.advance(239_000)
    expect(raw.closed).toBe(false)
    rack.clock.advance(2000)
    expect(raw.notification).toMatchObject({ code: 4 })
  })
})

describe('collisions (RFC 4271, 6.8)', () => {
  test('a second connection while established loses with 6/7', () => {
    const { raw, node, rack } = stage()
    raw.establish('10.0.0.1', open())
    const second = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1').send(open())
    expect(second.notification).toMatchObject({ code: 6, subcode: 7 })
    expect(raw.closed).toBe(false)
    expect(node.peer('10.0.0.2').state).toBe('Established')
  })

  test.each([
    ['higher', [10, 0, 0, 200], 'theirs'],
    ['lower', [10, 0, 0, 0], 'ours'],
  ])('when the peer has the %s identifier, %s survives', (_, identifier, survivor) => {
    const rack = new Rack()
    const accepted: RawPeer[] = []
    const theirs = new RawPeer(rack, '10.0.0.2')
    rack.host('10.0.0.2').listener.listen({ port: 179 }, (connection) => {
      const raw = new RawPeer(rack, '10.0.0.2')
      raw.attach(connection)
      accepted.push(raw)
    })
    rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2')] })
    theirs.dial('10.0.0.1')
    rack.clock.advance(10)
    const ours = accepted[0]!
    ours.send(open({ identifier }))
    theirs.send(open({ identifier }))
    const [winner, loser] = survivor === 'theirs' ? [theirs, ours] : [ours, theirs]
    expect(loser.notification).toMatchObject({ code: 6, subcode: 7 })
    expect(winner.notification).toBeUndefined()
    winner.send(keepalive)
    expect(winner.closed).toBe(false)
  })
})

describe('strangers and garbage', () => {
  test('a source nobody is configured for is refused before any OPEN', () => {
    const { rack, node } = stage()
    const stranger = new RawPeer(rack, '10.0.0.66').dial('10.0.0.1')
    expect(stranger.closed).toBe(true)
    expect(stranger.received).toEqual([])
    expect(node.speaker.refusedConnections).toBe(1)
  })

  test('garbage gets a NOTIFICATION and harms no other session', () => {
    const rack = new Rack()
    const node = rack.speaker('10.0.0.1', {
      peers: ['10.0.0.2', '10.0.0.3'].map((at) => peer(at, { passive: true })),
    })
    const good = new RawPeer(rack, '10.0.0.3').establish('10.0.0.1', open({ identifier: [10, 0, 0, 3] }))
    const bad = new RawPeer(rack, '10.0.0.2').dial('10.0.0.1')
    bad.send(Uint8Array.from(Buffer.from('GET / HTTP/1.1\r\nHost: routelet\r\n\r\n')))
    expect(bad.notification).toMatchObject({ code: 1, subcode: 1 })
    good.send(update({ nlri: ['20.0.0.0/8'], nextHop: [10, 0, 0, 3] }))
    expect(node.prefixes()).toEqual(['20.0.0.0/8'])
    expect(node.peer('10.0.0.3').timesEstablished).toBe(1)
  })
})

describe('route refresh (RFC 2918)', () => {
  test('everything is told again, without End-of-RIB', () => {
    const { raw } = stage({ originationSet: 'own' })
    raw.establish('10.0.0.1', open())
    const before = raw.types().filter((type) => type === 2).length
    raw.routes.clear()
    raw.send(message(5, 0, 1, 0, 1))
    expect([...raw.routes.keys()]).toEqual(['10.1.0.0/24'])
    expect(raw.types().filter((type) => type === 2)).toHaveLength(before + 1)
  })

  test('a wrong length is 7/1, an unknown family is ignored', () => {
    const { raw, node } = stage()
    raw.establish('10.0.0.1', open()).send(message(5, 0, 25, 0, 70))
    expect(node.peer('10.0.0.2').state).toBe('Established')
    raw.send(message(5, 0, 1, 0, 1, 7))
    expect(raw.notification).toMatchObject({ code: 7, subcode: 1 })
  })
})
