import { describe, expect, test } from 'vitest'
import { ApiError, ConnectionError, type KubeClient, type StreamEvents } from '../../../src/kube/client.ts'
import { follow } from '../../../src/kube/follow.ts'
import { FakeClock } from '../../fakes/clock.ts'

const NODES = { kind: 'Node', apiVersion: 'v1', path: '/api/v1/nodes', ours: false }

interface Watch {
  readonly query: URLSearchParams
  readonly events: StreamEvents
  end(error?: Error): void
}

/** An API server whose answers the test decides: lists are queued, watches stay open until they are ended. */
function server() {
  const clock = new FakeClock()
  const log: string[] = []
  const lists: (object | Error)[] = []
  const watches: Watch[] = []
  const client: KubeClient = {
    server: 'https://test',
    serverAddresses: new Set(),
    async request(_method, path) {
      const query = new URLSearchParams(path.split('?')[1])
      log.push(`list${query.get('continue') ?? ''}`)
      const answer = lists.shift() ?? new ConnectionError('no answer')
      if (answer instanceof Error) throw answer
      return answer
    },
    stream(path, signal, events) {
      const query = new URLSearchParams(path.split('?')[1])
      log.push(`watch from ${query.get('resourceVersion')}`)
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new ConnectionError('aborted')))
        const take = (value: unknown) => {
          try {
            events.line(value)
          } catch (error) {
            reject(error)
          }
        }
        const end = (error?: Error) => (error === undefined ? resolve() : reject(error))
        watches.push({ query, events: { opened: events.opened, line: take }, end })
      })
    },
  }
  const follower = {
    replace: (objects: readonly unknown[]) => log.push(`replace ${objects.map(nameOf).join(',')}`),
    put: (object: unknown) => log.push(`put ${nameOf(object)}`),
    remove: (object: unknown) => log.push(`remove ${nameOf(object)}`),
    trouble: (error: unknown) => log.push(`trouble ${(error as Error).message}`),
    well: () => log.push('well'),
  }
  const loop = follow(NODES, client, { clock, random: () => 0.5 }, follower)
  return { clock, log, lists, watches, loop, watch: () => watches.at(-1)! }
}

type Server = ReturnType<typeof server>

const list = (resourceVersion: string, ...names: string[]) => ({
  metadata: { resourceVersion },
  items: names.map((name) => ({ metadata: { name } })),
})
const event = (type: string, name: string, resourceVersion: string) => ({
  type,
  object: { metadata: { name, resourceVersion } },
})
const nameOf = (object: unknown) => {
  const { kind, metadata } = object as { kind: string; metadata: { name: string } }
  return `${kind}/${metadata.name}`
}

/** Lets promises run, and time pass. */
async function settle({ clock }: Server, ms = 0): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
  clock.advance(ms)
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

/** A server that has listed n1 at version 10 and is being watched. */
async function watching(): Promise<Server> {
  const s = server()
  s.lists.push(list('10', 'n1'))
  // The first list went unanswered before there was one.
  await settle(s, 1000)
  s.log.length = 0
  return s
}

test('a list is followed by a watch from its version, with bookmarks', async () => {
  const s = server()
  s.lists.push(list('10', 'n1', 'n2'))
  await settle(s, 1000)
  expect(s.log.slice(-3)).toEqual(['list', 'replace Node/n1,Node/n2', 'watch from 10'])
  expect(s.watch().query.get('allowWatchBookmarks')).toBe('true')
})

test('a long list is read in pages and known at once', async () => {
  const s = server()
  s.lists.push({ ...list('10', 'n1'), metadata: { resourceVersion: '10', continue: '-2' } }, list('10', 'n2'))
  await settle(s, 1000)
  expect(s.log.slice(-4)).toEqual(['list', 'list-2', 'replace Node/n1,Node/n2', 'watch from 10'])
})

test('events become known as they come', async () => {
  const s = await watching()
  s.watch().events.opened()
  for (const [type, name] of [
    ['ADDED', 'n2'],
    ['MODIFIED', 'n1'],
    ['DELETED', 'n2'],
  ] as const)
    s.watch().events.line(event(type, name, '11'))
  expect(s.log).toEqual(['well', 'put Node/n2', 'put Node/n1', 'remove Node/n2'])
})

describe('a watch that', () => {
  test('ends in order is resumed where it ended', async () => {
    const s = await watching()
    s.watch().events.line(event('ADDED', 'n2', '12'))
    s.watch().end()
    await settle(s, 1000)
    expect(s.log).toEqual(['put Node/n2', 'watch from 12'])
  })

  test('had only bookmarks is resumed at the last of them', async () => {
    const s = await watching()
    s.watch().events.line(event('BOOKMARK', '', '99'))
    s.watch().end()
    await settle(s, 1000)
    expect(s.log).toEqual(['watch from 99'])
  })

  test('breaks is resumed where it broke, and the trouble is told', async () => {
    const s = await watching()
    s.watch().events.line(event('ADDED', 'n2', '12'))
    s.watch().end(new ConnectionError('connection reset'))
    await settle(s, 1000)
    expect(s.log).toEqual(['put Node/n2', 'trouble connection reset', 'watch from 12'])
  })

  test.each([['is told that its version is forgotten', new ApiError(410, 'too old')]])(
    '%s begins with a new list, and nothing is wrong',
    async (_, error) => {
      const s = await watching()
      s.lists.push(list('50', 'n1', 'n3'))
      s.watch().end(error)
      await settle(s, 1000)
      expect(s.log).toEqual(['list', 'replace Node/n1,Node/n3', 'watch from 50'])
    },
  )

  test('is told so in an event begins with a new list too', async () => {
    const s = await watching()
    s.lists.push(list('50', 'n3'))
    s.watch().events.line({ type: 'ERROR', object: { code: 410, message: 'too old resource version' } })
    await settle(s, 1000)
    expect(s.log).toEqual(['list', 'replace Node/n3', 'watch from 50'])
  })

  test('is refused tells the trouble and begins with a new list', async () => {
    const s = await watching()
    s.lists.push(list('50', 'n3'))
    s.watch().end(new ApiError(403, 'forbidden'))
    await settle(s, 1000)
    expect(s.log).toEqual(['trouble forbidden', 'list', 'replace Node/n3', 'watch from 50'])
  })

  test('the server never ends is ended by us', async () => {
    const s = await watching()
    await settle(s, 700_000)
    await settle(s, 1000)
    expect(s.log[0]).toBe('trouble aborted')
    expect(s.log).toContain('watch from 10')
  })
})

describe('while the server is away', () => {
  test('nothing is forgotten: no list, no removal', async () => {
    const s = await watching()
    s.watch().end(new ConnectionError('connection refused'))
    for (let i = 0; i < 10; i++) {
      await settle(s, 60_000)
      s.watch().end(new ConnectionError('connection refused'))
    }
    expect(s.log.filter((line) => !line.startsWith('trouble') && !line.startsWith('watch'))).toEqual([])
  })

  test('it is asked less and less often, but at least twice a minute', async () => {
    const s = server()
    await settle(s)
    for (let i = 0; i < 600; i++) await settle(s, 1000)
    const asked = s.log.filter((line) => line === 'list').length
    expect(asked).toBeGreaterThan(20)
    expect(asked).toBeLessThan(35)
  })
})

test('an answer that is no list is trouble', async () => {
  const s = server()
  s.lists.push({ kind: 'Status' })
  await settle(s, 1000)
  expect(s.log).toContain('trouble the answer is no list')
})

test('after a stop nothing is asked and nothing is told', async () => {
  const s = await watching()
  s.loop.stop()
  s.watch().events.line(event('ADDED', 'n2', '12'))
  await settle(s, 600_000)
  expect(s.log).toEqual([])
  expect(s.clock.pending).toBe(0)
})
