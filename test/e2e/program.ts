import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fetchDocument } from '../../src/api/client.ts'
import type { PeerListDocument, StatusDocument } from '../../src/api/contract.ts'
import { eventually } from '../eventually.ts'

const ROUTELET = join(import.meta.dirname, '../../bin/routelet')
const WITHIN_MS = 30_000

/** The program as it runs for people: what it prints and how it ends. */
export class Program {
  stdout = ''
  stderr = ''
  /** The exit status, when it is over. */
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess

  /** `without`: capabilities that it does not get. */
  constructor(args: readonly string[], without: readonly string[] = []) {
    const drop = without.flatMap((name) => [`--bounding-set=-${name}`, `--inh-caps=-${name}`])
    // A test that is killed leaves nothing behind.
    const through = ['--pdeathsig=KILL', ...drop, ROUTELET]
    this.#child = spawn('setpriv', [...through, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.exited = new Promise((resolve) => this.#child.once('close', resolve))
  }

  end(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }

  /** Lines of the log with these words, as objects. */
  log(words: string): Record<string, unknown>[] {
    const lines = this.stdout.split('\n').filter((line) => line.includes(words))
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

/** An agent or reflector that reads `config`, with everything of it in `folder`. */
export class Daemon extends Program {
  readonly socket: string
  readonly #http: string

  constructor(
    role: 'agent' | 'reflector',
    at: { readonly folder: string; readonly name: string; readonly config: string; readonly http: string },
    without: readonly string[] = [],
  ) {
    const socket = join(at.folder, `${at.name}.sock`)
    const places = ['--socket', socket, '--state-dir', join(at.folder, `${at.name}.state`), '--http', at.http]
    super([role, '--config', at.config, '--node', at.name, ...places], without)
    this.socket = socket
    this.#http = at.http
  }

  status(): Promise<StatusDocument> {
    return fetchDocument<StatusDocument>(this.socket, '/v1/status')
  }

  async peer(name: string) {
    const { items } = await fetchDocument<PeerListDocument>(this.socket, '/v1/peers')
    return items.find((peer) => peer.name === name)
  }

  /** The value of a metric, by its whole name with labels. */
  async metric(name: string): Promise<number | undefined> {
    const text = await (await fetch(`http://${this.#http}/metrics`)).text()
    const line = text.split('\n').find((one) => one.startsWith(`${name} `))
    return line === undefined ? undefined : Number(line.slice(name.length))
  }

  async applied(): Promise<void> {
    const done = async () => (await this.status().catch(() => undefined))?.configuration.appliedAt !== undefined
    await eventually(`${this.socket} has its configuration`, done, WITHIN_MS)
  }

  async established(peer: string): Promise<void> {
    const up = async () => (await this.peer(peer).catch(() => undefined))?.state === 'Established'
    await eventually(`the session with ${peer}`, up, WITHIN_MS)
  }
}
