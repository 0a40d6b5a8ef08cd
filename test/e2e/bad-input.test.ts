import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { yamlText } from '../../src/objects/yaml.ts'
import { eventually } from '../eventually.ts'
import { config, peer } from '../fakes/objects.ts'
import { Daemon, Program } from './program.ts'

/** The running program with what it should never have been given. All of it happens on addresses of the loopback. */

const BGP_PORT = 11_200
const HTTP = ['127.0.0.1:19200', '127.0.0.1:19201'] as const
const US = '127.0.0.1'
const GOOD = '127.0.0.2'
const SILENT = '127.0.0.3'
const STRANGER = '127.0.0.4'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'routelet-bad-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, ...objects: readonly object[]): string {
  const path = join(folder, name)
  writeFileSync(path, objects.map(yamlText).join('---\n'))
  return path
}

function reflector(name: string, path: string, http: string): Daemon {
  return new Daemon('reflector', { folder, name, config: path, http })
}

describe('a folder with mistakes in several files', () => {
  test('is told in full: file, object, field and what was expected; status 2', async () => {
    const at = mkdtempSync(join(folder, 'mistakes-'))
    const put = (name: string, text: string) => writeFileSync(join(at, name), text)
    const good = yamlText(peer('tor-4'))
    put('a.yaml', `${yamlText(config({ asn: 'x', listenPort: 70_000, topolgy: { mode: 'None' } }))}---\n${good}`)
    put('b.yaml', 'kind: BGPPeer\nmetadata: { name: [ }\n')
    put('c.json', JSON.stringify(peer('tor-1', { listenRange: '10.0.0.0/8', address: '192.0.2.300' })))
    put('d.yaml', `just text\n---\n${yamlText(peer('tor-2')).replace('BGPPeer', 'BGPPier')}---\n${good}`)
    put('e.yaml', yamlText(peer('tor-3', { bfdProfile: 'fast' })))

    const run = new Program([
      'reflector',
      '--config',
      at,
      '--state-dir',
      at,
      '--socket',
      join(at, 's'),
      '--http',
      HTTP[0],
    ])
    expect(await run.exited).toBe(2)
    expect(run.stdout).toBe('')
    const told = [
      'a.yaml: RoutingConfig default: spec.asn: expected an integer from 1 to 4294967295, got "x"',
      'a.yaml: RoutingConfig default: spec.listenPort: expected an integer from 0 to 65535, got 70000',
      'a.yaml: RoutingConfig default: spec.topolgy: no such field; did you mean topology?',
      expect.stringMatching(/^b\.yaml: document 1: not YAML: .* line 2, column 21/),
      'c.json: BGPPeer tor-1: spec.address: must be an IPv4 or IPv6 address, got "192.0.2.300"',
      'c.json: BGPPeer tor-1: spec: exactly one of address, interface, listenRange and peerNodeSelector is needed',
      'd.yaml: document 1: expected an object, got "just text"',
      expect.stringMatching(/^d\.yaml: BGPPier tor-2: kind: expected one of .*BGPPeer.*, got "BGPPier"$/),
      expect.stringMatching(/^d\.yaml: BGPPeer tor-4: is already in .*a\.yaml$/),
      'e.yaml: BGPPeer tor-3: spec.bfdProfile: not supported by this version',
    ]
    const lines = run.stderr.trimEnd().split('\n')
    expect(lines.map((line) => line.replace(`routelet: ${at}/`, ''))).toEqual(told)

    const validate = new Program(['validate', at])
    expect(await validate.exited).toBe(2)
    expect(validate.stderr).toBe(run.stderr)
  })
})

describe.skipIf(process.getuid?.() !== 0)('what only root can show, by dropping or taking it', () => {
  test('a port below 1024 without CAP_NET_BIND_SERVICE: one line that names it, status 1', async () => {
    const at = { folder, name: 'low', config: write('low.yaml', config({ listenPort: 179 })), http: HTTP[0] }
    const run = new Daemon('reflector', at, ['net_bind_service'])
    expect(await run.exited).toBe(1)
    expect(run.stderr).toMatch(/^routelet: cannot listen on TCP port 179: .*EACCES.* NET_BIND_SERVICE\n$/)
  })

  test('an agent whose port another daemon has: one line, status 1', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(BGP_PORT, '0.0.0.0', resolve))
    const path = write('agent.yaml', config({ listenPort: BGP_PORT }))
    const run = new Daemon('agent', { folder, name: 'agent', config: path, http: HTTP[0] })
    expect(await run.exited).toBe(1)
    expect(run.stderr).toMatch(/^routelet: cannot listen on TCP port 11200: .*EADDRINUSE.*another BGP daemon.*\n$/)
    other.close()
  })
})

describe('beside a session that is well', () => {
  let us: Daemon
  let good: Daemon
  const ours = [
    config({ listenPort: BGP_PORT }),
    peer('good', { address: GOOD, passive: true }),
    peer('silent', { address: SILENT, passive: true }),
  ] as const

  beforeAll(async () => {
    us = reflector('us', write('us.yaml', ...ours), HTTP[0])
    await us.applied()
    const way = { address: US, port: BGP_PORT, sourceAddress: GOOD, peerASN: 64512 }
    good = reflector('good', write('good.yaml', config({ asn: 65000, listenPort: 0 }), peer('us', way)), HTTP[1])
    await us.established('good')
  })
  afterEach(async () => {
    expect(await us.peer('good')).toMatchObject({ state: 'Established', timesEstablished: 1 })
    expect(await good.peer('us')).toMatchObject({ state: 'Established', timesEstablished: 1 })
  })
  afterAll(async () => {
    await good?.kill()
    await us?.kill()
  })

  test.each([
    ['text', Buffer.from('GET / HTTP/1.1\r\nHost: router\r\n\r\n'), 1, 1],
    ['a length of 7', header(7, 1), 1, 2],
    ['a message of type 77', header(19, 77), 1, 3],
    ['a KEEPALIVE before any OPEN', header(19, 4), 5, 1],
    ['an OPEN of version 7', Buffer.concat([header(29, 1), Buffer.from('07fde8005a7f00000300', 'hex')]), 2, 1],
    ['a million octets', Buffer.alloc(1_000_000, 0x5a), 1, 1],
  ])('%s from a peer is answered with a NOTIFICATION, logged and counted', async (_, octets, code, subcode) => {
    const wanted = { code, subcode }
    for (const [from, name] of [
      [SILENT, 'silent'],
      [GOOD, 'good'],
    ] as const) {
      const labels = `peer="${name}",remote_address="${from}",direction="sent",code="${code}",subcode="${subcode}"`
      const count = async () => (await us.metric(`routelet_peer_notifications_total{${labels}}`)) ?? 0
      const logged = () => us.log('NOTIFICATION sent').filter((line) => line['peer'] === name)
      const [countBefore, loggedBefore] = [await count(), logged().length]
      expect(notificationIn(await say(from, octets))).toEqual(wanted)
      expect(await count()).toBe(countBefore + 1)
      const line = await eventually('it is logged', () => logged()[loggedBefore], 20_000)
      expect(line).toMatchObject(wanted)
    }
  })

  test('a stranger is refused, logged and counted', async () => {
    expect(await say(STRANGER, Buffer.from('hello'))).toHaveLength(0)
    expect(await us.metric('routelet_connections_refused_total')).toBe(1)
    await eventually(
      'it is logged',
      () => us.log('connection refused').some(({ remote }) => remote === STRANGER),
      20_000,
    )
  })

  test('a file that is bad when it is read again changes nothing, and people are told', async () => {
    write('us.yaml', ours[0], peer('good', { address: 'here', passive: true }))
    await eventually('it is read', async () => (await us.status()).problems.length > 0, 20_000)
    const { configuration, sessions } = await us.status()
    expect(configuration.detail).toContain('1 problems in ')
    expect(sessions).toMatchObject({ configured: 2, established: 1 })
    const shown = new Program(['status', '--socket', us.socket])
    expect(await shown.exited).toBe(0)
    expect(shown.stdout).toMatch(/^Invalid +BGPPeer good +spec\.address +must be an IPv4 or IPv6 address, got "here"$/m)

    write('us.yaml', ...ours)
    await eventually('it is good again', async () => (await us.status()).problems.length === 0, 20_000)
  })
})

/** The head of a BGP message: sixteen octets of ones, the length, the type. */
function header(length: number, type: number): Buffer {
  return Buffer.from([...Array(16).fill(0xff), length >> 8, length & 0xff, type])
}

/** Says something from an address of the loopback; resolves with the answer when the connection is closed. */
function say(from: string, octets: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    const socket = connect({ host: US, port: BGP_PORT, localAddress: from }, () => socket.write(octets))
    socket.on('data', (part) => parts.push(part))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // What they did not want to read any more is answered with a reset.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve(Buffer.concat(parts)))
  })
}

/** The NOTIFICATION among messages. */
function notificationIn(octets: Buffer): { code: number | undefined; subcode: number | undefined } | undefined {
  for (let at = 0; at + 19 <= octets.length; at += octets.readUInt16BE(at + 16)) {
    if (octets[at + 18] === 3) return { code: octets[at + 19], subcode: octets[at + 20] }
  }
  return undefined
}
