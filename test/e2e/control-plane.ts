import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Netns, signal } from '../../src/lab/netns.ts'
import { eventually } from '../eventually.ts'

const ADMIN = 'admin-token'
const PORT = 6443

/**
 * A real Kubernetes API server with its etcd in a namespace of its own, so that the nodes reach it over the network and
 * it goes with the namespace.
 */
export class ControlPlane {
  readonly #netns: Netns
  readonly #address: string
  readonly #folder: string
  readonly #admin: string
  #server: ChildProcess | undefined
  #files = 0

  private constructor(netns: Netns, address: string, folder: string) {
    this.#netns = netns
    this.#address = address
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
    this.#admin = this.kubeconfig(ADMIN)
  }

  static async open(netns: Netns, address: string, folder: string): Promise<ControlPlane> {
    const plane = new ControlPlane(netns, address, folder)
    writeFileSync(join(folder, 'tokens.csv'), `${ADMIN},admin,1,"system:masters"\n`)
    plane.#spawn('etcd', ['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync'])
    await plane.start()
    return plane
  }

  /** Starts the API server, at the address it had before. */
  async start(): Promise<void> {
    this.#server = this.#spawn('kube-apiserver', [
      ...['--etcd-servers', 'http://127.0.0.1:2379', '--cert-dir', join(this.#folder, 'certs')],
      ...['--bind-address', this.#address, '--secure-port', String(PORT)],
      ...['--service-cluster-ip-range', '10.96.0.0/24', '--authorization-mode', 'RBAC'],
      ...['--token-auth-file', join(this.#folder, 'tokens.csv')],
    ])
    const ready = () => this.kubectl('get', '--raw', '/readyz').then(Boolean, () => false)
    await eventually('the API server is ready', ready, 60_000)
  }

  /** Kills the API server at once; etcd and what is in it stay. */
  async kill(): Promise<void> {
    const server = this.#server
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const gone = new Promise((resolve) => server.once('exit', resolve))
    signal(server.pid!, 'SIGKILL')
    await gone
  }

  /** Runs kubectl as the administrator; fails with what it said. */
  kubectl(...args: readonly string[]): Promise<string> {
    const common = ['--kubeconfig', this.#admin, '--cache-dir', join(this.#folder, 'cache')]
    return this.#netns.exec('kubectl', ...common, ...args)
  }

  /** Makes the objects so, status included. */
  async apply(...objects: readonly object[]): Promise<void> {
    const specs = objects.map((object) => ({ ...object, status: undefined }))
    const how = ['apply', '--server-side', '--force-conflicts', '--field-manager', 'test']
    await this.kubectl(...how, '-f', this.#write(specs))
    for (const object of objects) if ('status' in object) await this.#patchStatus(object)
  }

  /** Server-side apply cannot give a node two addresses of one type. */
  async #patchStatus(object: object): Promise<void> {
    const { status } = object as { readonly status: unknown }
    const what = ['-f', this.#write([object]), '--subresource', 'status', '--type', 'merge']
    await this.kubectl('patch', ...what, '-p', JSON.stringify({ status }))
  }

  async get<T>(...what: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...what, '-o', 'json')) as T
  }

  /** A kubeconfig for whoever the token is of. */
  kubeconfig(token: string): string {
    const server = `https://${this.#address}:${PORT}`
    const ca = join(this.#folder, 'certs', 'apiserver.crt')
    return this.#write([
      {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server, 'certificate-authority': ca } }],
        users: [{ name: 'u', user: { token } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      },
    ])
  }

  #write(objects: readonly object[]): string {
    const path = join(this.#folder, `${this.#files++}.json`)
    writeFileSync(path, objects.map((object) => JSON.stringify(object)).join('\n'))
    return path
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const path = join(process.env['KUBEBUILDER_ASSETS'] ?? '', program)
    return this.#netns.spawn([path, ...args], { logPath: join(this.#folder, `${program}.log`) })
  }
}
