import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { eventually } from '../eventually.ts'

/** A real Kubernetes API server with its etcd, on loopback, for one test file. */
export interface ApiServer {
  /** A kubeconfig for the administrator, or for whoever the token is of. */
  kubeconfig(token?: string): string
  /** Runs kubectl as the administrator; fails with what it printed. */
  kubectl(args: readonly string[], input?: string): string
  /** Kills the API server at once; etcd and what is in it stay. */
  kill(): Promise<void>
  /** Starts it again, at the same address. */
  start(): Promise<void>
  stop(): Promise<void>
}

const ADMIN = 'admin-token'

/** Why the tests with an API server cannot run here, or nothing. */
export function whyNoApiServer(): string | undefined {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets === undefined) return 'KUBEBUILDER_ASSETS is not set: there is no API server to test against'
  const missing = ['etcd', 'kube-apiserver'].filter((name) => !existsSync(join(assets, name)))
  return missing.length === 0 ? undefined : `KUBEBUILDER_ASSETS has no ${missing.join(' and no ')}`
}

export function hasKubectl(): boolean {
  return kubectlPath() !== undefined
}

function kubectlPath(): string | undefined {
  const folders = [process.env['KUBEBUILDER_ASSETS'] ?? '', ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, 'kubectl')).find((path) => existsSync(path))
}

export async function startApiServer(): Promise<ApiServer> {
  const assets = process.env['KUBEBUILDER_ASSETS'] ?? ''
  const dir = mkdtempSync(join(tmpdir(), 'routelet-apiserver-'))
  const [client, peers, port] = [await freePort(), await freePort(), await freePort()]
  writeFileSync(join(dir, 'tokens.csv'), `${ADMIN},admin,1,"system:masters"\n`)

  const etcd = run(join(assets, 'etcd'), join(dir, 'etcd.log'), [
    ...['--data-dir', join(dir, 'etcd'), '--unsafe-no-fsync'],
    ...['--listen-client-urls', `http://127.0.0.1:${client}`, '--advertise-client-urls', `http://127.0.0.1:${client}`],
    ...['--listen-peer-urls', `http://127.0.0.1:${peers}`],
  ])
  const server = new Server(dir, port, [
    ...['--etcd-servers', `http://127.0.0.1:${client}`, '--cert-dir', join(dir, 'certs')],
    ...['--bind-address', '127.0.0.1', '--secure-port', String(port)],
    ...['--service-cluster-ip-range', '10.96.0.0/16', '--authorization-mode', 'RBAC'],
    ...['--token-auth-file', join(dir, 'tokens.csv')],
  ])
  await server.start()
  return {
    kubeconfig: (token = ADMIN) => server.kubeconfig(token),
    kubectl: (args, input) => server.kubectl(args, input),
    kill: () => server.kill(),
    start: () => server.start(),
    async stop() {
      await server.kill()
      await ended(etcd)
      rmSync(dir, { recursive: true })
    },
  }
}

class Server {
  readonly #dir: string
  readonly #port: number
  readonly #args: readonly string[]
  #process: ChildProcess | undefined
  #kubeconfigs = 0

  constructor(dir: string, port: number, args: readonly string[]) {
    this.#dir = dir
    this.#port = port
    this.#args = args
  }

  async start(): Promise<void> {
    const program = join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kube-apiserver')
    this.#process = run(program, join(this.#dir, 'apiserver.log'), this.#args)
    await eventually('the API server is ready', () => this.#ready(), 30_000)
  }

  async kill(): Promise<void> {
    if (this.#process !== undefined) await ended(this.#process)
  }

  kubeconfig(token: string): string {
    mkdirSync(join(this.#dir, 'kubeconfigs'), { recursive: true })
    const path = join(this.#dir, 'kubeconfigs', String(this.#kubeconfigs++))
    const server = `https://127.0.0.1:${this.#port}`
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'c', cluster: { server, 'certificate-authority': join(this.#dir, 'certs', 'apiserver.crt') } },
      ],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }
    writeFileSync(path, JSON.stringify(config))
    return path
  }

  kubectl(args: readonly string[], input?: string): string {
    const env = { ...process.env, KUBECONFIG: this.kubeconfig(ADMIN), HOME: this.#dir }
    return execFileSync(kubectlPath() ?? 'kubectl', args, { env, input: input ?? '', encoding: 'utf8', stdio: 'pipe' })
  }

  #ready(): Promise<boolean> {
    const ca = join(this.#dir, 'certs', 'apiserver.crt')
    if (!existsSync(ca)) return Promise.resolve(false)
    return new Promise((resolve) => {
      const asking = request(
        { host: '127.0.0.1', port: this.#port, path: '/readyz', ca: readFileSync(ca), timeout: 1000 },
        (response) => {
          response.resume()
          resolve(response.statusCode === 200)
        },
      )
      asking.on('error', () => resolve(false))
      asking.end()
    })
  }
}

function run(program: string, log: string, args: readonly string[]): ChildProcess {
  return spawn('sh', ['-c', 'log=$1; shift; exec "$@" >>"$log" 2>&1', 'sh', log, program, ...args], { stdio: 'ignore' })
}

async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  const exit = new Promise((resolve) => process.once('exit', resolve))
  process.kill('SIGKILL')
  await exit
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
