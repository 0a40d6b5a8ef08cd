import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ApiError, ConnectionError, type KubeClient, kubeClient } from '../../../src/kube/client.ts'
import { followedResources } from '../../../src/kube/resources.ts'
import { troubleText } from '../../../src/kube/trouble.ts'

let dir: string
let server: Server
let answer: (request: IncomingMessage, response: ServerResponse) => void
let client: KubeClient

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'routelet-client-'))
  server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  client = kubeClient(kubeconfig(`http://127.0.0.1:${port}/`))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
  rmSync(dir, { recursive: true })
})

function kubeconfig(url: string): string {
  const path = join(dir, 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 's3cret' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

const events = () => {
  const lines: unknown[] = []
  return { lines, opened: () => lines.push('opened'), line: (value: unknown) => lines.push(value) }
}
const never = new AbortController().signal

test('a request says who asks and what of, and gives back what is answered', async () => {
  answer = (request, response) => {
    const { authorization, 'content-type': type } = request.headers
    response.end(JSON.stringify({ method: request.method, url: request.url, authorization, type }))
  }
  const body = { type: 'application/merge-patch+json', value: {} } as const
  expect(await client.request('PATCH', '/api/v1/nodes/n1', body)).toEqual({
    method: 'PATCH',
    url: '/api/v1/nodes/n1',
    authorization: 'Bearer s3cret',
    type: 'application/merge-patch+json',
  })
  expect([...client.serverAddresses]).toEqual(['127.0.0.1'])
})

test('a stream gives each line as it is whole, however it came', async () => {
  answer = (_, response) => {
    response.write('{"a":1}\n{"b"')
    response.write(':"ü"}\n')
    response.end('{"cut": ')
  }
  const heard = events()
  await client.stream('/', never, heard)
  expect(heard.lines).toEqual(['opened', { a: 1 }, { b: 'ü' }])
})

describe('it fails with', () => {
  test('the words of the server where it says no', async () => {
    answer = (_, response) => response.writeHead(403).end('{"kind":"Status","message":"nodes is forbidden"}')
    await expect(client.request('GET', '/')).rejects.toEqual(new ApiError(403, 'nodes is forbidden'))
    await expect(client.stream('/', never, events())).rejects.toMatchObject({ status: 403 })
  })

  test('the status where the server has no words', async () => {
    answer = (_, response) => response.writeHead(502).end('<html>')
    await expect(client.request('GET', '/')).rejects.toEqual(new ApiError(502, 'HTTP status 502'))
  })

  test.each([
    [
      'an answer that is cut off',
      (response: ServerResponse) =>
        response.writeHead(200, { 'content-length': '9' }).write('{') && setImmediate(() => response.destroy()),
    ],
    ['an answer that is no JSON', (response: ServerResponse) => response.end('text')],
    ['a connection that is dropped', (response: ServerResponse) => response.destroy()],
  ])('a loss of connection on %s', async (_, reply) => {
    answer = (_request, response) => void reply(response)
    await expect(client.request('GET', '/')).rejects.toBeInstanceOf(ConnectionError)
  })

  test('a loss of connection when nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve))
    await expect(client.request('GET', '/')).rejects.toThrow('ECONNREFUSED')
  })

  test('what the listener of a stream throws', async () => {
    answer = (_, response) => void response.write('{}\n')
    const gone = new ApiError(410, 'too old')
    const line = () => {
      throw gone
    }
    await expect(client.stream('/', never, { opened: () => {}, line })).rejects.toBe(gone)
  })

  test('an abort that is asked for', async () => {
    answer = (_, response) => void response.write('{}\n')
    const abort = new AbortController()
    const streaming = client.stream('/', abort.signal, { opened: () => {}, line: () => abort.abort() })
    await expect(streaming).rejects.toBeInstanceOf(ConnectionError)
  })
})

test('without kubeconfig it has to be in a pod', () => {
  expect(() => kubeClient(undefined)).toThrow('this is no pod of a cluster: give --config or --kubeconfig')
})

describe('trouble is told in one line:', () => {
  const [ours, nodes] = followedResources('agent', 'routelet-system')
  test.each([
    [
      'CRDs that are missing',
      ours,
      new ApiError(404, 'not found'),
      'the CRDs of routelet.io are not installed (manifests/crds)',
    ],
    [
      'a role that is missing',
      nodes,
      new ApiError(403, 'nodes is forbidden'),
      'not allowed to read Node: nodes is forbidden',
    ],
    ['another no', nodes, new ApiError(500, 'boom'), 'the API server refuses Node: boom'],
    [
      'a server that is away',
      nodes,
      new ConnectionError('ECONNREFUSED'),
      'the API server does not answer: ECONNREFUSED',
    ],
  ])('%s', (_, resource, error, line) => {
    expect(troubleText(resource!, error)).toBe(line)
  })
})

test('a reflector follows no services, and no Secrets but those of its namespace are followed', () => {
  const paths = (role: 'agent' | 'reflector') => followedResources(role, 'net').map(({ path }) => path)
  expect(paths('reflector')).toEqual([
    '/apis/routelet.io/v1alpha1/routingconfigs',
    '/api/v1/nodes',
    '/api/v1/namespaces/net/secrets',
  ])
  expect(paths('agent').filter((path) => path.endsWith('secrets'))).toEqual(['/api/v1/namespaces/net/secrets'])
})
