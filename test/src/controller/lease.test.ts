import { describe, expect, test } from 'vitest'
import { Lease } from '../../../src/controller/lease.ts'
import { ApiError, ConnectionError, type KubeClient } from '../../../src/kube/client.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { silentLog } from '../../fakes/log.ts'

interface Stored {
  metadata: { resourceVersion: string }
  spec: Record<string, unknown>
}

/** One Lease in an API server, which may be away. */
function server() {
  const clock = new FakeClock()
  const state: { lease?: Stored; away: boolean } = { away: false }
  let version = 0
  const client = {
    async request(method: string, _path: string, body?: { value: unknown }) {
      if (state.away) throw new ConnectionError('away')
      const value = body?.value as Stored | undefined
      if (method === 'GET') {
        if (state.lease === undefined) throw new ApiError(404, 'not found')
        return structuredClone(state.lease)
      }
      if (method === 'POST' && state.lease !== undefined) throw new ApiError(409, 'exists')
      if (method === 'PATCH' && value?.metadata.resourceVersion !== state.lease?.metadata.resourceVersion)
        throw new ApiError(409, 'conflict')
      state.lease = {
        metadata: { resourceVersion: String(++version) },
        spec: { ...state.lease?.spec, ...value?.spec },
      }
      return structuredClone(state.lease)
    },
  } as unknown as KubeClient
  const events: string[] = []
  const candidate = (identity: string) =>
    new Lease(
      { namespace: 'ns', name: 'lease', identity },
      { client, clock, random: () => 0.5, log: silentLog },
      {
        acquired: (released) => events.push(`${identity} acquired${released ? ', released' : ''}`),
        lost: () => events.push(`${identity} lost`),
      },
    )
  /** Lets time pass, and what was asked be answered. */
  const pass = async (ms: number) => {
    for (let left = ms; left >= 0; left -= 500) {
      for (let i = 0; i < 10; i++) await Promise.resolve()
      clock.advance(Math.min(500, left))
      for (let i = 0; i < 10; i++) await Promise.resolve()
    }
  }
  return { clock, state, events, candidate, pass }
}

describe('the Lease', () => {
  test('is had by the first, renewed, and waited for by the second', async () => {
    const { candidate, pass, events, state } = server()
    const a = candidate('a')
    await pass(0)
    const b = candidate('b')
    await pass(60_000)
    expect(events).toEqual(['a acquired'])
    expect([a.isLeading, b.isLeading]).toEqual([true, false])
    expect(state.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
  })

  test('goes on to the second at once when it is released', async () => {
    const { candidate, pass, events, state } = server()
    const a = candidate('a')
    await pass(0)
    candidate('b')
    await pass(5_000)
    await a.stop()
    await a.release()
    await pass(5_000)
    expect(events).toEqual(['a acquired', 'b acquired, released'])
    expect(state.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
  })

  test('of one that died is had 15 seconds after it was last seen renewed', async () => {
    const { candidate, pass, events } = server()
    const a = candidate('a')
    await pass(0)
    candidate('b')
    await pass(5_000)
    await a.stop()
    await pass(12_000)
    expect(events).toEqual(['a acquired'])
    await pass(8_000)
    expect(events).toEqual(['a acquired', 'b acquired'])
  })

  test('is lost before anybody else can have it when the API server is away, and had again when it is back', async () => {
    const { candidate, pass, events, state } = server()
    const a = candidate('a')
    await pass(3_000)
    state.away = true
    await pass(12_000)
    expect(events).toEqual(['a acquired', 'a lost'])
    expect(a.isLeading).toBe(false)
    expect(a.trouble).toContain('away')
    state.away = false
    await pass(3_000)
    expect(events).toEqual(['a acquired', 'a lost', 'a acquired'])
    expect(a.trouble).toBeUndefined()
  })
})
