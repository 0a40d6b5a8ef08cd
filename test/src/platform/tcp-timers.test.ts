import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connection } from '../../../bgp/ports.ts'
import { address } from '../../../routing/ip/address.ts'
import { openTcp } from '../../../src/platform/tcp.ts'
import { eventually } from '../../eventually.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { silentLog } from '../../fakes/log.ts'

describe('TCP does not wait for ever', () => {
  let clock: FakeClock
  let server: Server
  let port: number
  let far: Socket | undefined

  beforeEach(async () => {
    clock = new FakeClock()
    far = undefined
    // It hears the end of the other side, and goes on.
    server = createServer({ allowHalfOpen: true }, (socket) => {
      far = socket.resume()
      socket.on('error', () => undefined)
    }).listen(0, '127.0.0.1')
    await eventually('it listens', () => server.listening)
    port = (server.address() as { port: number }).port
  })

  afterEach(() => {
    far?.destroy()
    server.close()
  })

  function dial() {
    const result: { connection?: Connection; errors: Error[] } = { errors: [] }
    const { dialer } = openTcp({ clock, log: silentLog })
    const outcome = {
      connected: (connection: Connection) => {
        result.connection = connection
      },
      failed: (error: Error) => result.errors.push(error),
    }
    dialer.dial({ remoteAddress: address('127.0.0.1'), port }, outcome)
    return result
  }

  test('for an answer to a dial', async () => {
    const result = dial()
    clock.advance(10_000)
    expect(result.errors).toMatchObject([{ code: 'ETIMEDOUT' }])
    await eventually(
      'the other side sees it go, or never came',
      () => far === undefined || far.destroyed || far.readableEnded,
    )
    expect(result.connection).toBeUndefined()
    expect(result.errors).toHaveLength(1)
  })

  test('for the end of a peer that does not play along', async () => {
    const result = dial()
    const connection = await eventually('connection', () => result.connection)
    connection.attach({ data() {}, drain() {}, closed() {} })
    connection.write(new TextEncoder().encode('bye'))
    connection.close()
    await eventually('the end has come', () => far?.readableEnded)
    expect(far?.destroyed).toBe(false)
    clock.advance(3_000)
    // A write to what is gone says so.
    await eventually('a reset', () => {
      far?.write('still there?')
      return far?.destroyed
    })
  })
})
