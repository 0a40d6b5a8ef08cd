import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PeerStatus } from '../../bgp/contract.ts'
import { fetchDocument } from '../../src/api/client.ts'
import type { PeerListDocument, StatusDocument } from '../../src/api/contract.ts'
import type { Announcement } from '../../src/contract.ts'
import { type Netns, signal } from '../../src/lab/netns.ts'
import { loadState } from '../../src/state-dir.ts'
import { eventually } from '../eventually.ts'
import { kernelRoutes, type RouteTable } from './route-table.ts'

const BIN = join(import.meta.dirname, '../../bin/routelet')

/** A node of the cluster and its agent. */
export class ClusterNode {
  readonly name: string
  readonly netns: Netns
  readonly address: string
  readonly #folder: string
  readonly #argv: readonly string[]
  #agent: ChildProcess | undefined

  constructor(netns: Netns, number: number, folder: string, kubeconfig: string) {
    this.name = `n${number}`
    this.netns = netns
    this.address = `10.60.0.${number}`
    this.#folder = folder
    const places = ['--socket', this.#socket, '--state-dir', this.#stateDir]
    this.#argv = [BIN, 'agent', '--kubeconfig', kubeconfig, '--node', this.name, ...places]
  }

  /** Starts the agent and waits until it answers. */
  async start(): Promise<void> {
    const agent = this.netns.spawn(this.#argv, { logPath: this.#logPath })
    this.#agent = agent
    const answers = () => agent.exitCode !== null || this.status().then(Boolean, () => false)
    await eventually(`the agent of ${this.name} answers`, answers, 30_000)
    if (agent.exitCode !== null) throw new Error(`it ended with status ${agent.exitCode}: ${this.#log()}`)
  }

  /** Ends the agent; resolves with its exit status when it is gone. */
  async end(how: NodeJS.Signals): Promise<number | null> {
    const agent = this.#agent
    if (agent === undefined) throw new TypeError(`${this.name} has no agent`)
    this.#agent = undefined
    if (agent.exitCode !== null || agent.signalCode !== null) return agent.exitCode
    const gone = new Promise<number | null>((resolve) => agent.once('exit', resolve))
    signal(agent.pid!, how)
    return gone
  }

  status(): Promise<StatusDocument> {
    return fetchDocument<StatusDocument>(this.#socket, '/v1/status')
  }

  async peers(): Promise<readonly PeerStatus[]> {
    return (await fetchDocument<PeerListDocument>(this.#socket, '/v1/peers')).items
  }

  async peer(name: string): Promise<PeerStatus | undefined> {
    return (await this.peers()).find((peer) => peer.name === name)
  }

  /** How often each session came up: `n1 mesh/n2` and a number. */
  async timesEstablished(): Promise<[session: string, times: number][]> {
    return (await this.peers()).map(({ name, timesEstablished }) => [`${this.name} ${name}`, timesEstablished])
  }

  /** The agent's routes in the kernel of the node. */
  kernel(family: 4 | 6 = 4): Promise<RouteTable> {
    return kernelRoutes(this.netns, '179', family)
  }

  /** What the agent would announce again after a start without the API server; undefined: nothing is kept. */
  async keptAnnouncements(): Promise<readonly Announcement[] | undefined> {
    const kept = await loadState(this.#stateDir)
    return kept === undefined || 'unreadable' in kept ? undefined : kept.desired.announcements
  }

  /** All there is to find out why a test failed. */
  async report(): Promise<string> {
    const ask = (query: Record<string, string>) => {
      return fetchDocument(this.#socket, '/v1/routes', query).catch((error) => String(error))
    }
    const routes = [await ask({ allPaths: 'true' }), await ask({ kernel: 'true' })]
    return [`${this.name}:`, ...routes.map((one) => JSON.stringify(one)), this.#log()].join('\n')
  }

  get #stateDir(): string {
    return join(this.#folder, `${this.name}.state`)
  }

  get #socket(): string {
    return join(this.#folder, `${this.name}.sock`)
  }

  get #logPath(): string {
    return join(this.#folder, `${this.name}.log`)
  }

  #log(): string {
    return readFileSync(this.#logPath, 'utf8')
  }
}
