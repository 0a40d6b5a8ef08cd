import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connection, Dialer, DialRequest, Listener, Listening } from '../../bgp/ports.ts'
import { type Address, address, familyOf } from '../../routing/ip/address.ts'

/** Two ends of a network: a host that listens and one that dials. */
export interface Transport {
  readonly listener: Listener
  readonly dialer: Dialer
  /** Where the listening host is reached. */
  readonly serverAddress: Address
  /** The dialing host's address, of the same family. */
  readonly clientAddress: Address
  /** Lets events happen until the condition holds; fails when it does not in good time. */
  until(what: string, condition: () => boolean): Promise<void>
  /** Lets everything happen that can happen. */
  idle(): Promise<void>
}

/** What a handler heard, in order. */
export class Recorder {
  readonly connection: Connection
  readonly chunks: Uint8Array[] = []
  readonly ends: (Error | undefined)[] = []
  drains = 0

  constructor(connection: Connection) {
    this.connection = connection
  }

  attach(): this {
    this.connection.attach({
      data: (chunk) => this.chunks.push(chunk.slice()),
      drain: () => this.drains++,
      closed: (error) => this.ends.push(error),
    })
    return this
  }

  get octets(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }
}

const octets = (text: string) => new TextEncoder().encode(text)

/** What every transport must do; `make` gives a fresh one for each test. */
export function transportContract(name: string, make: () => Transport, { hearsRefusal = true } = {}): void {
  describe(`${name}: transport contract`, () => {
    let transport: Transport
    let listening: Listening
    const accepted: Recorder[] = []
    const dialed: Recorder[] = []
    const failures: Error[] = []

    beforeEach(() => {
      transport = make()
      accepted.length = dialed.length = failures.length = 0
      listening = transport.listener.listen({ port: 0 }, (connection) => accepted.push(new Recorder(connection)))
    })

    afterEach(() => {
      listening.close()
      for (const each of [...accepted, ...dialed]) each.connection.destroy()
    })

    function dial(changes: Partial<DialRequest> = {}): () => void {
      return transport.dialer.dial(
        { remoteAddress: transport.serverAddress, port: listening.port, ...changes },
        {
          connected: (connection) => dialed.push(new Recorder(connection)),
          failed: (error) => failures.push(error),
        },
      )
    }

    async function connect(changes: Partial<DialRequest> = {}): Promise<[near: Recorder, far: Recorder]> {
      const before = dialed.length
      dial(changes)
      await transport.until('both ends are there', () => dialed.length > before && accepted.length > before)
      return [dialed[before]!, accepted[before]!]
    }

    test('both ends know both addresses and ports', async () => {
      const [near, far] = await connect()
      expect(near.connection.remoteAddress).toBe(transport.serverAddress)
      expect(near.connection.remotePort).toBe(listening.port)
      expect(far.connection.localAddress).toBe(transport.serverAddress)
      expect(far.connection.localPort).toBe(listening.port)
      expect(far.connection.remoteAddress).toBe(near.connection.localAddress)
      expect(far.connection.remotePort).toBe(near.connection.localPort)
      expect(familyOf(near.connection.localAddress)).toBe(familyOf(transport.serverAddress))
    })

    test('a dial may choose its local address', async () => {
      const [near, far] = await connect({ localAddress: transport.clientAddress })
      expect(near.connection.localAddress).toBe(transport.clientAddress)
      expect(far.connection.remoteAddress).toBe(transport.clientAddress)
    })

    test('octets arrive in order, both ways', async () => {
      const [near, far] = await connect()
      near.attach()
      far.attach()
      for (const word of ['one ', 'two ', 'three']) near.connection.write(octets(word))
      far.connection.write(octets('four'))
      await transport.until('all octets', () => far.octets === 13 && near.octets === 4)
      expect(far.text).toBe('one two three')
      expect(near.text).toBe('four')
    })

    test('nothing is delivered before attach, and nothing is lost', async () => {
      const [near, far] = await connect()
      near.connection.write(octets('early'))
      near.connection.close()
      await transport.idle()
      expect(far.chunks).toEqual([])
      far.attach()
      await transport.until('the end', () => far.ends.length > 0)
      expect(far.text).toBe('early')
      expect(far.ends).toEqual([undefined])
    })

    test('a paused end is not read from, until it goes on, and nothing is lost', async () => {
      const [near, far] = await connect()
      far.attach()
      far.connection.pause()
      const big = new Uint8Array(20_000_000).fill(7)
      near.connection.write(big)
      await transport.idle()
      expect(far.octets).toBeLessThan(big.length / 2)
      far.connection.resume()
      near.connection.close()
      await transport.until('the end', () => far.ends.length > 0)
      expect(far.octets).toBe(big.length)
      far.connection.pause()
      far.connection.resume()
    })

    test('attach again replaces the handlers', async () => {
      const [near, far] = await connect()
      far.attach()
      const next = new Recorder(far.connection).attach()
      near.connection.write(octets('late'))
      await transport.until('octets', () => next.octets === 4)
      expect(far.octets).toBe(0)
    })

    test('close sends what is queued, then ends the other side in order', async () => {
      const [near, far] = await connect()
      near.attach()
      far.attach()
      const big = new Uint8Array(300_000).fill(7)
      near.connection.write(big)
      near.connection.write(octets('last'))
      near.connection.close()
      await transport.until('the end', () => far.ends.length > 0)
      expect(far.octets).toBe(big.length + 4)
      expect(far.ends).toEqual([undefined])
      expect(near.ends).toEqual([])
    })

    test('close flushes even when the other side is sending', async () => {
      const [near, far] = await connect()
      near.attach()
      far.attach()
      for (let i = 0; i < 8; i++) far.connection.write(new Uint8Array(65_536))
      near.connection.write(octets('bye'))
      near.connection.close()
      await transport.until('the end', () => far.ends.length > 0)
      expect(far.text).toBe('bye')
    })

    test('after close or destroy nothing is heard any more', async () => {
      const [near, far] = await connect()
      near.attach()
      far.attach()
      far.connection.write(octets('unheard'))
      near.connection.destroy()
      await transport.until('the end', () => far.ends.length > 0)
      far.connection.destroy()
      near.connection.destroy()
      near.connection.close()
      await transport.idle()
      expect([near.octets, near.ends, far.ends.length]).toEqual([0, [], 1])
      expect(near.connection.write(octets('x'))).toBe(false)
    })

    test('destroy inside a handler stops at once', async () => {
      const [near, far] = await connect()
      let calls = 0
      far.connection.attach({
        data: () => {
          calls++
          far.connection.destroy()
        },
        drain: () => undefined,
        closed: () => calls++,
      })
      near.attach()
      for (let i = 0; i < 4; i++) near.connection.write(new Uint8Array(65_536))
      await transport.until('the end', () => near.ends.length > 0)
      expect(calls).toBe(1)
    })

    test('a writer is told to wait above the high-water mark, and of the drain', async () => {
      const [near, far] = await connect()
      near.attach()
      const chunk = new Uint8Array(65_536)
      let written = 0
      while (near.connection.write(chunk)) written++
      written++
      expect(written).toBeLessThan(1_000)
      expect(near.connection.unsentOctets).toBeGreaterThan(0)
      await transport.idle()
      expect(near.drains).toBe(0)
      far.attach()
      await transport.until('drain', () => near.drains > 0)
      await transport.until('all octets', () => far.octets === written * chunk.length)
      expect(near.drains).toBe(1)
      expect(near.connection.unsentOctets).toBe(0)
    })

    test.runIf(hearsRefusal)('a refused dial says so, once', async () => {
      const port = listening.port
      listening.close()
      await transport.idle()
      dial({ port })
      await transport.until('the failure', () => failures.length > 0)
      await transport.idle()
      expect(failures).toMatchObject([{ code: 'ECONNREFUSED' }])
      expect(dialed).toEqual([])
    })

    test('a cancelled dial has no outcome', async () => {
      dial()()
      await transport.idle()
      expect([dialed, failures]).toEqual([[], []])
    })

    test('a local address that is not ours fails the dial', async () => {
      const foreign = address(familyOf(transport.serverAddress) === 4 ? '203.0.113.77' : '2001:db8:ffff::77')
      dial({ localAddress: foreign })
      await transport.until('the failure', () => failures.length > 0)
      expect(failures).toMatchObject([{ code: 'EADDRNOTAVAIL' }])
    })

    test('a port in use is one error that names the port', () => {
      const again = () => transport.listener.listen({ port: listening.port }, () => undefined)
      expect(again).toThrow(new RegExp(String(listening.port)))
      expect(again).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    })

    test('a closed listener accepts no more, and its connections go on', async () => {
      const [near, far] = await connect()
      far.attach()
      listening.close()
      near.connection.write(octets('still here'))
      await transport.until('octets', () => far.octets === 10)
    })
  })
}
