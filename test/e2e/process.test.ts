import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fetchDocument } from '../../src/api/client.ts'
import type { StatusDocument } from '../../src/api/contract.ts'
import { yamlText } from '../../src/objects/yaml.ts'
import { eventually } from '../eventually.ts'

/** The program as people start and stop it: what it prints, how it ends, and what does not end it. */

const ROUTELET = join(import.meta.dirname, '../../bin/routelet')

let bgpPort: number
let httpPort: number
let dir: string
let config: string
let socket: string
const started: ChildProcess[] = []
beforeEach(async () => {
  bgpPort = await freePort()
  httpPort = await freePort()
  dir = await mkdtemp(join(tmpdir(), 'routelet-process-'))
  config = join(dir, 'objects.yaml')
  socket = join(dir, 'r.sock')
  await configure(64512)
})
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  await rm(dir, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const NOBODY_ANSWERS = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'u', user: { token: 'x' } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
}

function configure(asn: number): Promise<void> {
  const spec = { asn, listenPort: bgpPort, topology: { mode: 'None' } }
  const object = { apiVersion: 'routelet.io/v1alpha1', kind: 'RoutingConfig', metadata: { name: 'default' }, spec }
  return writeFile(config, JSON.stringify(object))
}

interface Run {
  readonly child: ChildProcess
  readonly out: { stdout: string; stderr: string }
  readonly exited: Promise<number | null>
}

function start(
  role: 'agent' | 'reflector',
  flags: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
  without: readonly string[] = [],
): Run {
  const all = {
    '--config': config,
    '--socket': socket,
    '--state-dir': join(dir, 'state'),
    '--http': `127.0.0.1:${httpPort}`,
    '--node': 'n1',
    ...flags,
  }
  const [file = '', ...args] = [
    ...prefix,
    ROUTELET,
    role,
    ...Object.entries(all)
      .filter(([flag]) => !without.includes(flag))
      .flat(),
  ]
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  const out = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      out[name] += chunk.toString()
    })
  }
  return { child, out, exited: new Promise((resolve) => child.on('close', resolve)) }
}

const status = () => fetchDocument<StatusDocument>(socket, '/v1/status')
const appliedAsn = (asn: number) =>
  eventually(`AS ${asn} in force`, async () => (await status().catch(() => undefined))?.asn === asn, 20_000)

describe('a running reflector', () => {
  test('answers, is live, says what it is ready for, and ends with status 0 when told to', async () => {
    const run = start('reflector')
    await appliedAsn(64512)
    expect((await fetch(`http://127.0.0.1:${httpPort}/livez`)).status).toBe(200)
    expect(await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text()).toContain('routelet_build_info{')
    run.child.kill('SIGTERM')
    expect(await run.exited).toBe(0)
    expect(run.out.stderr).toBe('')
    expect(run.out.stdout).toContain('"reason":"SIGTERM","msg":"stopping"')
  })

  test('follows its file, and goes on with what was good when the file is not any more', async () => {
    const run = start('reflector')
    await appliedAsn(64512)
    await configure(64513)
    await appliedAsn(64513)

    await writeFile(
      config,
      'apiVersion: routelet.io/v1alpha1\nkind: RoutingConfig\nmetadata: { name: default }\nspec: { asn: x }\n',
    )
    const { problems } = await eventually('the problem shows', async () => {
      const now = await status()
      return now.problems.length > 0 ? now : undefined
    })
    expect(problems).toEqual([
      expect.objectContaining({ kind: 'Invalid', object: 'RoutingConfig default', file: config, path: 'spec.asn' }),
    ])
    expect(await status()).toMatchObject({ asn: 64513 })

    // Read afresh, the file has no good state; what runs goes on all the same, and follows once it is good again.
    run.child.kill('SIGHUP')
    await eventually('the control side has failed', async () => !(await status()).configuration.synced, 20_000)
    expect(await status()).toMatchObject({ asn: 64513 })
    await configure(64514)
    await appliedAsn(64514)
    expect(run.child.exitCode).toBeNull()
  }, 60_000)

  test('starts with the configuration it had last when the API server is away', async () => {
    const first = start('reflector')
    await appliedAsn(64512)
    // Told to stop, it writes down what it had.
    first.child.kill('SIGTERM')
    await first.exited

    const kubeconfig = join(dir, 'kubeconfig')
    await writeFile(kubeconfig, yamlText(NOBODY_ANSWERS))
    const second = start('reflector', { '--kubeconfig': kubeconfig }, [], ['--config'])
    await appliedAsn(64512)
    expect(await status()).toMatchObject({ ready: false, configuration: { synced: false, fromStateDir: true } })
    expect(second.child.exitCode).toBeNull()
  })

  test('reads everything again on SIGHUP', async () => {
    const run = start('reflector')
    await appliedAsn(64512)
    run.child.kill('SIGHUP')
    await eventually(
      'the control worker was started again',
      async () => (await status()).configuration.workerRestarts === 1,
    )
    await eventually('it is in sync', async () => (await status()).configuration.synced)
  })
})

describe('it does not start, and says in one line why', () => {
  test('with objects that are wrong: every problem, status 2', async () => {
    await writeFile(
      config,
      'apiVersion: routelet.io/v1alpha1\nkind: RoutingConfig\nmetadata: { name: other }\nspec: { asn: 0 }\n',
    )
    const run = start('reflector')
    expect(await run.exited).toBe(2)
    expect(run.out.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/objects\.yaml: RoutingConfig other: spec\.asn: expected an integer from 1 /),
    ])
  })

  test('with a file that is not there: status 2', async () => {
    const run = start('reflector', { '--config': join(dir, 'missing') })
    expect(await run.exited).toBe(2)
    expect(run.out.stderr).toMatch(/^routelet: .*missing: cannot be read: ENOENT.*\n$/)
  })

  test('when the BGP port is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(bgpPort, '0.0.0.0', resolve))
    try {
      const run = start('reflector')
      expect(await run.exited).toBe(1)
      expect(run.out.stderr).toMatch(new RegExp(`^routelet: cannot listen on TCP port ${bgpPort}: .*EADDRINUSE.*\\n$`))
    } finally {
      other.close()
    }
  })

  test('when the port of --http is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(httpPort, '127.0.0.1', resolve))
    try {
      const run = start('reflector')
      expect(await run.exited).toBe(1)
      expect(run.out.stderr).toMatch(
        new RegExp(`^routelet: cannot serve metrics .* port ${httpPort}: the port is in use; .*\\n$`),
      )
    } finally {
      other.close()
    }
  })

  test('when another routelet has the socket', async () => {
    start('reflector')
    await appliedAsn(64512)
    const run = start('reflector', { '--http': `127.0.0.1:${await freePort()}` })
    expect(await run.exited).toBe(1)
    expect(run.out.stderr).toMatch(/^routelet: .*r\.sock is in use: another routelet runs here.*\n$/)
  })

  test.skipIf(process.getuid?.() !== 0)(
    'as an agent without CAP_NET_ADMIN (shown by root, which can drop it)',
    async () => {
      const run = start('agent', {}, ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'])
      expect(await run.exited).toBe(1)
      expect(run.out.stderr).toMatch(/^routelet: cannot change kernel routes, CAP_NET_ADMIN is missing.*\n$/)
    },
  )
})

test('all that is said arrives, though the program is over before it has been read', async () => {
  const bad = { apiVersion: 'routelet.io/v1alpha1', kind: 'BGPPeer', metadata: { name: 'p' }, spec: { port: 'x' } }
  const count = 4_000
  await writeFile(config, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: Array(count).fill(bad) }))
  const child = spawn(ROUTELET, ['validate', config], { stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  let text = ''
  let first = true
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    // More than a socket holds waits for a reader that takes a moment.
    if (!first) return
    first = false
    child.stderr.pause()
    setTimeout(() => child.stderr.resume(), 100)
  })
  const status = await new Promise((resolve) => child.once('close', resolve))
  expect(status).toBe(2)
  expect(text.length).toBeGreaterThan(400_000)
  expect(text.endsWith('\n')).toBe(true)
  expect(text.match(/spec\.port/g)).toHaveLength(count)
})
