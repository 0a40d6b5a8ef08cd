import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { RouteQuery } from '../../../bgp/contract.ts'
import { prefix } from '../../../routing/ip/prefix.ts'
import { serveApi } from '../../../src/api/server.ts'
import { runCli } from '../../../src/cli/program.ts'
import { silentLog } from '../../fakes/log.ts'
import { kernelRoute, peerStatus, routeView, statusDocument } from '../../fakes/view.ts'

async function run(...argv: string[]) {
  const out = { stdout: '', stderr: '' }
  const write = (to: keyof typeof out) => ({
    write: (text: string) => {
      out[to] += text
    },
  })
  const exitCode = await runCli(argv, { stdout: write('stdout'), stderr: write('stderr'), env: {} })
  return { exitCode, ...out }
}

describe('the command line', () => {
  test('lists what there is, and nothing that is not there yet', async () => {
    const { exitCode, stdout } = await run('--help')
    expect(exitCode).toBe(0)
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, name]) => name)
    expect(commands).toEqual(['agent', 'reflector', 'controller', 'status', 'peers', 'routes', 'validate', 'lab'])
  })

  test('knows its version', async () => {
    expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['status', '--bogus'], "unknown option '--bogus'"],
    [['status', '-o', 'xml'], 'Allowed choices are table, json, yaml'],
    [['routes', '--family', 'ipv5'], 'Allowed choices are ipv4-unicast, ipv6-unicast'],
    [['routes', '--kernel', '--received-from', 'x'], 'cannot be used with option'],
    [['routes', '10.0.0.0/33'], 'expected a prefix such as 10.1.0.0/24 or an IP address, got "10.0.0.0/33"'],
    [['validate'], "missing required argument 'path'"],
  ])('refuses %j with status 2', async (argv, words) => {
    const { exitCode, stderr, stdout } = await run(...argv)
    expect(stderr).toContain(words)
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
  })

  test('names every wrong flag of an agent at once', async () => {
    const flags = ['--bogus', '--http', 'x', '--node', 'No_Name', '--log-level', 'loud', '--namespace', 'a/b', 'stray']
    const { exitCode, stderr } = await run('agent', ...flags)
    expect(exitCode).toBe(2)
    expect(stderr.trimEnd().split('\n')).toEqual([
      'routelet: --bogus: no such option',
      'routelet: stray: no such argument',
      'routelet: --config PATH or --kubeconfig PATH is needed outside of a cluster',
      'routelet: --http: expected ADDRESS:PORT such as 127.0.0.1:9179 or [::]:9179, got "x"',
      'routelet: --node: expected a Kubernetes name (lower case letters, digits, - and .), got "No_Name"',
      'routelet: --namespace: expected a Kubernetes name (lower case letters, digits, - and .), got "a/b"',
      'routelet: --log-level: expected one of debug, info, warn, error, fatal, silent, got "loud"',
      'routelet: see routelet agent --help',
    ])
  })

  test('asks a routelet that is not there, and says what to check', async () => {
    const { exitCode, stderr } = await run('peers', '--socket', '/nowhere/r.sock')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^routelet: there is no socket \/nowhere\/r\.sock: is routelet agent .*\n$/)
  })
})

describe('routelet validate', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'routelet-cli-'))
  })
  afterAll(() => rm(dir, { recursive: true }))

  const object = (kind: string, name: string, spec: string) =>
    `apiVersion: routelet.io/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n---\n`

  test('passes good objects', async () => {
    const file = join(dir, 'good.yaml')
    await writeFile(file, object('RoutingConfig', 'default', '{ asn: 64512 }'))
    const { exitCode, stdout } = await run('validate', file)
    expect(stdout).toContain('1 objects, all valid (1 RoutingConfig)')
    expect(exitCode).toBe(0)
  })

  test('names every problem with file, object and field', async () => {
    const file = join(dir, 'bad.yaml')
    const peer = object('BGPPeer', 'tor', '{ address: nowhere, peerASN: 1 }')
    await writeFile(file, object('RoutingConfig', 'default', '{ asn: 0 }') + peer)
    const { exitCode, stderr } = await run('validate', file)
    expect(exitCode).toBe(2)
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^routelet: .*bad\.yaml: RoutingConfig default: spec\.asn: .*got 0$/),
      expect.stringMatching(/^routelet: .*bad\.yaml: BGPPeer tor: spec\.address: .*got "nowhere"$/),
    ])
  })
})

describe('what is asked of a running routelet', () => {
  let dir: string
  let socket: string
  let api: { close(): void }
  const asked: RouteQuery[] = []
  const pages = [
    routeView(),
    routeView({ prefix: prefix('10.2.0.0/24'), best: false, multipath: true, asPath: '', origin: 'egp', pathId: 7 }),
  ]
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'routelet-cli-'))
    socket = join(dir, 'r.sock')
    api = await serveApi(
      socket,
      {
        status: () => statusDocument(),
        peers: () => [peerStatus()],
        // One route per page, so that pages have to be put together.
        routes: (query) => {
          asked.push(query)
          const at = Number(query.cursor?.split('.')[1] ?? 0)
          return { routes: pages.slice(at, at + 1), ...(at + 1 < pages.length && { cursor: `0.${at + 1}` }) }
        },
        kernelRoutes: () => ({
          routes: [kernelRoute(), kernelRoute({ type: 'blackhole', nextHops: [], state: 'refused', reason: 'own' })],
        }),
      },
      silentLog,
    )
  })
  afterAll(async () => {
    api.close()
    await rm(dir, { recursive: true })
  })

  test('the socket may be named in the environment', async () => {
    // Commander reads the environment of the process.
    process.env['ROUTELET_SOCKET'] = socket
    try {
      expect((await run('status')).stdout).toContain('Node:           n1 (agent, routelet 1.2.3)')
    } finally {
      delete process.env['ROUTELET_SOCKET']
    }
  })

  test.each([
    [['status'], statusDocument()],
    [['peers'], { apiVersion: 'routelet.io/cli/v1', kind: 'PeerList', items: [peerStatus()] }],
    [['routes'], { apiVersion: 'routelet.io/cli/v1', kind: 'RouteList', items: pages }],
  ])('%j comes as JSON and as YAML', async (argv, document) => {
    expect(JSON.parse((await run(...argv, '-o', 'json', '--socket', socket)).stdout)).toEqual(document)
    expect(parse((await run(...argv, '-o', 'yaml', '--socket', socket)).stdout)).toEqual(document)
  })

  test('routes come as a table, page by page under one header', async () => {
    expect((await run('routes', '--socket', socket)).stdout).toBe(
      [
        '     PREFIX        NEXT HOP    FROM    PREF   MED   AS PATH   DECIDED BY   NOTE',
        '*>   10.1.0.0/24   192.0.2.1   tor-1   100    -     65000 i   only-path    -',
        '*=   10.2.0.0/24   192.0.2.1   tor-1   100    -     e         only-path    -',
        '',
      ].join('\n'),
    )
  })

  test.each([['--all-paths'], ['--received-from=tor-1'], ['--advertised-to=tor-1']])(
    'with path identifiers where there may be several paths: %s',
    async (flag) => {
      expect((await run('routes', flag, '--socket', socket)).stdout.split('\n').slice(0, 3)).toEqual([
        '     PREFIX        NEXT HOP    FROM    PATH ID   PREF   MED   AS PATH   DECIDED BY   NOTE',
        '*>   10.1.0.0/24   192.0.2.1   tor-1   -         100    -     65000 i   only-path    -',
        '*=   10.2.0.0/24   192.0.2.1   tor-1   7         100    -     e         only-path    -',
      ])
    },
  )

  test('kernel routes come as a table', async () => {
    expect((await run('routes', '--kernel', '--socket', socket)).stdout).toBe(
      [
        'PREFIX        NEXT HOPS                METRIC   STATE       NOTE',
        '10.1.0.0/24   via 192.0.2.1 dev eth0   1024     installed   -',
        '10.1.0.0/24   blackhole                1024     refused     own',
        '',
      ].join('\n'),
    )
  })

  test.each([
    [['10.1.2.3/16'], { prefix: '10.1.0.0/16' }],
    [['10.1.2.3'], { address: '10.1.2.3' }],
    [['--received-from', 'tor-1', '--all-paths'], { receivedFrom: 'tor-1', allPaths: true }],
    [['--advertised-to', 'tor-1', '--family', 'ipv6-unicast'], { advertisedTo: 'tor-1', family: 'ipv6-unicast' }],
  ])('routes %j asks for the right ones', async (argv, expected) => {
    asked.length = 0
    await run('routes', ...argv, '--socket', socket)
    expect(asked[0]).toMatchObject(expected)
  })

  test('a peer that is not there is named, with those that are', async () => {
    const { exitCode, stderr } = await run('peers', 'nobody', '--socket', socket)
    expect(stderr).toBe('routelet: no peer has the name or address nobody; there is tor-1\n')
    expect(exitCode).toBe(1)
  })
})
