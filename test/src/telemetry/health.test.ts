import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { healthHandler, serveHealth } from '../../../src/telemetry/health.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { silentLog } from '../../fakes/log.ts'
import { peerStatus, statusDocument } from '../../fakes/view.ts'

let status = statusDocument()
const source = {
  status: () => status,
  loadMetrics: async () => createMetrics(source),
  peers: () => [peerStatus({ discarded: [{ what: 'MED of wrong length', count: 2 }] })],
}
const server = createServer(healthHandler(source, silentLog))
let base: string

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

const get = async (path: string) => {
  const response = await fetch(`${base}${path}`)
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
}

describe('health', () => {
  test('/livez says that the core answers', async () => {
    expect(await get('/livez')).toMatchObject({ status: 200, body: 'ok\n' })
  })

  test('/readyz says ready, and when not, what it waits for', async () => {
    expect(await get('/readyz')).toMatchObject({ status: 200, body: 'ok\n' })
    status = statusDocument({ ready: false, waitingFor: ['the kernel to take the routes'] })
    expect(await get('/readyz?verbose')).toMatchObject({
      status: 503,
      body: 'waiting for the kernel to take the routes\n',
    })
    status = statusDocument()
  })

  test('/ lists what there is', async () => {
    expect((await get('/')).body).toMatch(/\/metrics.*\/livez.*\/readyz/s)
  })

  test('anything else is not found', async () => {
    expect(await get('/secret')).toMatchObject({ status: 404 })
  })

  test('a page that fails is an error of its own, and nothing else', async () => {
    const failing = {
      ...source,
      status: () => {
        throw new TypeError('a bug')
      },
      loadMetrics: async () => createMetrics(failing),
    }
    const other = createServer(healthHandler(failing, silentLog))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    expect((await fetch(`${at}/metrics`)).status).toBe(500)
    expect((await fetch(`${at}/readyz`)).status).toBe(500)
    expect((await fetch(`${at}/livez`)).status).toBe(200)
    other.close()
  })

  test.each(['constructor', '//', 'http://[', '/../metrics'])('the request for %s is answered too', async (target) => {
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const answer = await new Promise((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())))
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /)
    expect(await get('/livez')).toMatchObject({ status: 200 })
  })

  test('a port in use is named', async () => {
    const { port } = server.address() as AddressInfo
    await expect(serveHealth({ address: '127.0.0.1', port }, source, silentLog)).rejects.toThrow(
      `cannot serve metrics and health on 127.0.0.1 port ${port}: the port is in use`,
    )
  })
})

describe('/metrics', () => {
  test.each([
    `routelet_build_info{version="1.2.3",role="agent",node_version="${process.version}"} 1`,
    'routelet_ready 1',
    'routelet_configuration_synced 1',
    'routelet_configuration_problems{kind="Invalid"} 0',
    'routelet_sessions{state="configured"} 2',
    'routelet_sessions{state="established"} 1',
    'routelet_rib_routes{family="ipv4-unicast"} 12',
    'routelet_kernel_routes{state="installed"} 10',
    'routelet_control_worker_restarts_total 0',
    'routelet_connections_refused_total 4',
    'routelet_peer_state{peer="tor-1",remote_address="192.0.2.1",state="Established"} 1',
    'routelet_peer_state{peer="tor-1",remote_address="192.0.2.1",state="Idle"} 0',
    'routelet_peer_state_changed_timestamp_seconds{peer="tor-1",remote_address="192.0.2.1"} 1000',
    'routelet_peer_prefixes_received{peer="tor-1",remote_address="192.0.2.1",family="ipv4-unicast"} 10',
    'routelet_peer_prefixes_accepted{peer="tor-1",remote_address="192.0.2.1",family="ipv4-unicast"} 8',
    'routelet_peer_prefixes_advertised{peer="tor-1",remote_address="192.0.2.1",family="ipv4-unicast"} 3',
    'routelet_peer_established_total{peer="tor-1",remote_address="192.0.2.1"} 1',
    'routelet_peer_messages_total{peer="tor-1",remote_address="192.0.2.1",direction="received",type="update"} 5',
    'routelet_peer_messages_total{peer="tor-1",remote_address="192.0.2.1",direction="received",type="other"} 15',
    'routelet_peer_malformed_total{peer="tor-1",remote_address="192.0.2.1",what="MED of wrong length"} 2',
  ])('has %s', async (line) => {
    expect((await get('/metrics')).body.split('\n')).toContain(line)
  })

  test('has only names of our own, and is the text of Prometheus', async () => {
    const { body, type } = await get('/metrics')
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
    const names = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(names.filter((name) => !name?.startsWith('routelet_'))).toEqual([])
  })

  test('counters do not add up over scrapes', async () => {
    await get('/metrics')
    expect((await get('/metrics')).body).toContain(
      'routelet_peer_established_total{peer="tor-1",remote_address="192.0.2.1"} 1\n',
    )
  })
})
