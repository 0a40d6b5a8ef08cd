import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Connection, DialRequest, Listening } from '../../bgp/ports.ts'
import { address } from '../../routing/ip/address.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openTcp } from '../../src/platform/tcp.ts'
import { Recorder, type Transport, transportContract } from '../contracts/transport.ts'
import { eventually } from '../eventually.ts'
import { FakeClock } from '../fakes/clock.ts'
import { silentLog } from '../fakes/log.ts'
import { counter, enterTestNamespace, ip, reasonToSkip, runAsNobody } from './namespace.ts'

const skip = reasonToSkip()
const tcp = openTcp({ clock: systemClock, log: silentLog })

describe.skipIf(skip)(`TCP with options${skip ? ` (skipped: ${skip})` : ''}`, () => {
  let listening: Listening | undefined
  const open: Connection[] = []

  beforeAll(() => {
    enterTestNamespace()
    ip('link add west type veth peer name east')
    ip('addr add 192.0.2.1/24 dev west')
    ip('addr add 2001:db8::1/64 dev west nodad')
    for (const link of ['west', 'east']) ip(`link set ${link} up`)
  })

  afterEach(() => {
    listening?.close()
    for (const each of open.splice(0)) each.destroy()
  })

  /** Listens on every address and dials there; what comes of it. */
  function connect(remote: string, request: Partial<DialRequest>, setUp: (l: Listening) => void = () => undefined) {
    const result: { near?: Recorder; far?: Recorder; error?: Error; cancel?: () => void } = {}
    listening = tcp.listener.listen({ port: 0 }, (connection) => {
      open.push(connection)
      result.far = new Recorder(connection)
    })
    setUp(listening)
    result.cancel = tcp.dialer.dial(
      { remoteAddress: address(remote), port: listening.port, ...request },
      {
        connected: (connection) => {
          open.push(connection)
          result.near = new Recorder(connection)
        },
        failed: (error) => {
          result.error = error
        },
      },
    )
    return result
  }

  describe.each([
    ['IPv4', '127.0.0.1', '127.0.0.0/8', '127.0.0.1/32'],
    ['IPv6', '::1', '::/64', '::1/128'],
  ])('%s', (_, remote, range, host) => {
    test.each([
      ['its address', host],
      ['its range', range],
    ])('a peer with the right password for %s connects', async (_name, keyed) => {
      const result = connect(remote, { password: 'right' }, (l) => l.setPassword(prefix(keyed), 'right'))
      await eventually('connection', () => result.near && result.far)
      result.far!.attach()
      result.near!.connection.write(new TextEncoder().encode('signed'))
      await eventually('octets', () => result.far!.text === 'signed')
    })

    test.each([
      ['wrong', 'TCPMD5Failure', { password: 'wrong' }],
      ['no', 'TCPMD5NotFound', {}],
    ])('a peer with %s password hears nothing', async (_name, count, request) => {
      const before = counter('TcpExt', count)
      const result = connect(remote, request, (l) => l.setPassword(prefix(range), 'right'))
      await eventually(`a count of ${count}`, () => counter('TcpExt', count) > before)
      expect([result.near, result.far, result.error]).toEqual([undefined, undefined, undefined])
      result.cancel?.()
    })

    test('an attempt that nobody answers says so, and asks for the password where there is one', async () => {
      const clock = new FakeClock()
      const { dialer } = openTcp({ clock, log: silentLog })
      const failures: string[] = []
      const outcome = { connected: () => undefined, failed: (error: Error) => failures.push(error.message) }
      for (const password of ['wrong', undefined]) {
        const request = { remoteAddress: address(remote), port: 179, ...(password && { password }) }
        dialer.dial(request, outcome)
        // Before the kernel can say anything.
        clock.advance(10_000)
      }
      const silence = `connect to ${remote}: no answer in 10000 ms`
      expect(failures).toEqual([`${silence} (is the password the same on both sides?)`, silence])
    })

    test('a password that is removed is not asked for, removing it again does nothing', async () => {
      const result = connect(remote, {}, (l) => {
        l.setPassword(prefix(range), 'old')
        l.setPassword(prefix(range), undefined)
        l.setPassword(prefix(range), undefined)
      })
      await eventually('connection', () => result.near && result.far)
    })

    test('a password that is replaced counts', async () => {
      const result = connect(remote, { password: 'new' }, (l) => {
        l.setPassword(prefix(range), 'old')
        l.setPassword(prefix(range), 'new')
      })
      await eventually('connection', () => result.near && result.far)
    })

    test('both ends with GTSM talk', async () => {
      const result = connect(remote, { ttl: 255, minimumTtl: 255 })
      await eventually('connection', () => result.near && result.far)
      result.far!.connection.configure({ ttl: 255, minimumTtl: 255 })
      result.far!.attach()
      result.near!.attach()
      result.near!.connection.write(new Uint8Array(3))
      result.far!.connection.write(new Uint8Array(4))
      await eventually('octets both ways', () => result.far!.octets === 3 && result.near!.octets === 4)
    })

    test('octets that come with too small a TTL are dropped', async () => {
      const result = connect(remote, { ttl: 254 })
      await eventually('connection', () => result.near && result.far)
      const before = counter('TcpExt', 'TCPMinTTLDrop')
      result.far!.connection.configure({ minimumTtl: 255 })
      result.far!.attach()
      result.near!.connection.write(new Uint8Array(3))
      await eventually('a drop', () => counter('TcpExt', 'TCPMinTTLDrop') > before)
      expect(result.far!.octets).toBe(0)
    })
  })

  test('a socket is bound to its link', async () => {
    const result = connect('127.0.0.1', { interfaceName: 'lo' })
    await eventually('connection over the link it is on', () => result.near && result.far)
    listening?.close()
    const elsewhere = connect('127.0.0.1', { interfaceName: 'no-such-link' })
    await eventually('failure', () => elsewhere.error)
    expect(elsewhere.error).toMatchObject({ code: 'ENODEV' })
  })

  test('a link-local connection knows its link at both ends', async () => {
    const own = JSON.parse(ip('-j addr show dev west')) as { addr_info: { local: string; scope: string }[] }[]
    const linkLocal = own[0]!.addr_info.find((each) => each.scope === 'link')!.local
    await eventually('the address is usable', () => !ip('addr show dev west').includes('tentative'))
    const result = connect(linkLocal, { interfaceName: 'west' })
    await eventually('connection', () => result.near && result.far)
    expect(result.near!.connection.remoteAddress).toBe(linkLocal)
    expect([result.near!.connection.interfaceName, result.far!.connection.interfaceName]).toEqual(['west', 'west'])
  })

  test('both families are served on one port, and each sees plain addresses', async () => {
    const v4 = connect('127.0.0.1', {})
    await eventually('connection', () => v4.far)
    expect(v4.far!.connection.remoteAddress).toBe('127.0.0.1')
    const port = listening!.port
    const before = open.length
    const outcome = { connected: (connection: Connection) => open.push(connection), failed: () => undefined }
    tcp.dialer.dial({ remoteAddress: address('::1'), port }, outcome)
    await eventually('connection over IPv6', () => open.length === before + 2)
  })

  test('a port that takes a privilege is refused in one line', () => {
    const said = runAsNobody(`
      import { openTcp } from '${new URL('../../src/platform/tcp.ts', import.meta.url)}'
      import { systemClock as clock } from '${new URL('../../src/platform/clock.ts', import.meta.url)}'
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      try { openTcp({ clock, log }).listener.listen({ port: 179 }, () => {}) } catch (error) { console.log(error.message) }
    `)
    expect(said).toBe('cannot listen on 0.0.0.0:179: EACCES (permission denied)\n')
  })

  test('a host without IPv6 listens on IPv4', async () => {
    ip('addr flush dev lo scope host')
    ip('addr add 127.0.0.1/8 dev lo')
    const result = connect('127.0.0.1', {})
    await eventually('connection', () => result.near)
  })
})

describe.skipIf(skip)('with every option set', () => {
  beforeAll(enterTestNamespace)
  const signed = { ttl: 255, minimumTtl: 255, password: 'secret' }
  const make = (): Transport => ({
    listener: {
      listen: (at, accept) => {
        const listening = tcp.listener.listen(at, accept)
        listening.setPassword(prefix('127.0.0.0/8'), signed.password)
        return listening
      },
    },
    dialer: { dial: (request, outcome) => tcp.dialer.dial({ ...request, ...signed }, outcome) },
    serverAddress: address('127.0.0.1'),
    clientAddress: address('127.0.0.2'),
    until: async (what, condition) => void (await eventually(what, condition)),
    idle: async () => {
      for (let i = 0; i < 50; i++) await new Promise(setImmediate)
    },
  })
  // A reset is neither signed nor sent with TTL 255, so the dialer must not believe it.
  transportContract('TCP MD5 and GTSM', make, { hearsRefusal: false })
})
