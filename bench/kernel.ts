import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { stdout } from 'node:process'
import Table from 'cli-table3'
import { prefixAt } from './addresses.ts'
import { end, pin, pinProcess } from './children.ts'
import type { Contender } from './compare.ts'
import { KernelTable } from './kernel-table.ts'
import { markdownTable } from './markdown.ts'
import { median } from './median.ts'
import { SimPeer } from './sim-peer.ts'
import { buildTable, withdrawals } from './table.ts'

export interface KernelOptions {
  readonly sizes: readonly number[]
  readonly repeat: number
  readonly deadlineSeconds: number
}

const ACTIONS = ['add', 'replace', 'resync', 'withdraw'] as const
type Action = (typeof ACTIONS)[number]

/** How long each action took, from the first octet sent (resync: from the start of the daemon) to the kernel having it all. */
type Times = Readonly<Record<Action, number>>

export interface KernelRow {
  readonly daemon: string
  readonly label: string
  readonly prefixes: number
  readonly runs: readonly Times[]
  readonly error?: string
}

const DAEMON = '10.99.0.1'
const SOURCE = [10, 99, 16, 1]
const FIRST_HOP = '10.98.0.2'
const SECOND_HOP = '10.98.0.3'
/** Of the prefixes of the load the first ones would cover the bench's own addresses. */
const BASE = 45_000
/** For the resync every n-th route is missing. */
const MISSING = 100
const POLL_MS = 10
const SAMPLES = 500
/** Of the log of a daemon that fails, in characters. */
const LAST_WORDS = 1_000

/**
 * Routes from the wire into the kernel: `add` all, `replace` their next hop, `resync` after the daemon was killed and
 * one of a hundred routes is missing, `withdraw` all.
 */
export async function measureKernel(contenders: readonly Contender[], options: KernelOptions): Promise<KernelRow[]> {
  pinProcess(process.pid, 1)
  const table = new KernelTable()
  const rows: KernelRow[] = []
  for (const prefixes of options.sizes) {
    const runs = new Map<string, Times[]>(contenders.map(({ label }) => [label, []]))
    const errors = new Map<string, string>()
    for (let i = 0; i < options.repeat; i++) {
      for (const contender of contenders.filter(({ label }) => !errors.has(label))) {
        try {
          const times = await new KernelRun(contender, table, prefixes, options.deadlineSeconds * 1000).play()
          runs.get(contender.label)!.push(times)
          stdout.write(
            `  ${contender.label}, ${prefixes}: ${ACTIONS.map((a) => `${a} ${times[a].toFixed(0)} ms`).join(', ')}\n`,
          )
        } catch (error) {
          errors.set(contender.label, (error as Error).message)
          stdout.write(`  ${contender.label}, ${prefixes}: ${(error as Error).message}\n`)
        }
      }
    }
    for (const { daemon, label } of contenders) {
      const error = errors.get(label)
      rows.push({ daemon: daemon.name, label, prefixes, runs: runs.get(label)!, ...(error ? { error } : {}) })
    }
  }
  return rows
}

class KernelRun {
  readonly #contender: Contender
  readonly #table: KernelTable
  readonly #prefixes: number
  readonly #deadlineMs: number
  readonly #folder: string
  readonly #tables: { readonly first: Uint8Array; readonly second: Uint8Array }
  #children: ChildProcess[] = []
  #source: SimPeer | undefined

  constructor(contender: Contender, table: KernelTable, prefixes: number, deadlineMs: number) {
    this.#contender = contender
    this.#table = table
    this.#prefixes = prefixes
    this.#deadlineMs = deadlineMs
    this.#tables = { first: tableOver(FIRST_HOP, prefixes), second: tableOver(SECOND_HOP, prefixes) }
    this.#folder = mkdtempSync(join(contender.root, 'tmp/routelet-bench-'))
    chmodSync(this.#folder, 0o755)
  }

  async play(): Promise<Times> {
    const all = this.#prefixes
    this.#table.renew()
    try {
      this.#start()
      await this.#connect()
      const add = await this.#timed(
        'add',
        () => this.#source!.send(this.#tables.first),
        () => this.#table.count === all,
      )
      this.#verify(FIRST_HOP)
      const replace = await this.#timed(
        'replace',
        () => this.#source!.send(this.#tables.second),
        () => this.#hasAll(SECOND_HOP),
      )
      await this.#kill()
      const missing = this.#table.thin(MISSING, SECOND_HOP)
      if (this.#table.count !== all - missing) throw new Error('a killed daemon took routes with it')
      const resync = await this.#timed(
        'resync',
        async () => {
          this.#start()
          await this.#connect()
          this.#source!.send(this.#tables.second)
        },
        () => this.#table.count === all,
      )
      this.#verify(SECOND_HOP)
      const withdraw = await this.#timed(
        'withdraw',
        () => this.#source!.send(withdrawals(BASE, all)),
        () => this.#table.count === 0,
      )
      return { add, replace, resync, withdraw }
    } finally {
      this.#source?.close()
      for (const child of this.#children.reverse()) await end(child)
      rmSync(this.#folder, { recursive: true, force: true })
    }
  }

  #start(): void {
    const { daemon, root } = this.#contender
    const inside = this.#folder.slice(root === '/' ? 0 : root.length)
    const log = openSync(join(this.#folder, 'log'), 'a')
    const commands = daemon.prepareKernel!({ folder: inside, listen: DAEMON, root })
    this.#children = commands.map((argv) => {
      const [file, ...args] = [...pin(0), ...argv]
      return spawn(file!, args, { stdio: ['ignore', log, log] })
    })
  }

  async #connect(): Promise<void> {
    this.#source?.close()
    this.#source = new SimPeer({
      local: SOURCE.join('.'),
      daemon: DAEMON,
      port: 179,
      asn: 65_000,
      identifier: SOURCE,
      external: false,
      own: [0, 0],
    })
    await this.#source.connect(30_000)
  }

  /** As a crash would: nothing is cleaned up. */
  async #kill(): Promise<void> {
    for (const child of this.#children) {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    }
  }

  /** So many that hardly any is left when they have changed, in whatever order routes do: reading all takes its time. */
  #hasAll(nextHop: string): boolean {
    const samples = Array.from({ length: SAMPLES }, (_, i) => Math.floor((i * (this.#prefixes - 1)) / (SAMPLES - 1)))
    const addresses = samples.map((number) => addressIn(BASE + number))
    return this.#table.allGoVia(addresses, nextHop) && this.#table.countVia(nextHop) === this.#prefixes
  }

  #verify(nextHop: string): void {
    const found = this.#table.countVia(nextHop)
    if (found !== this.#prefixes) throw new Error(`${found} of ${this.#prefixes} routes go over ${nextHop}`)
  }

  #lastWords(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8').slice(-LAST_WORDS) || 'it said nothing'
  }

  /** When the condition is found to hold, the moment it was looked at counts, not how long looking took. */
  async #timed(what: Action, begin: () => void | Promise<void>, done: () => boolean): Promise<number> {
    const start = performance.now()
    await begin()
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      const now = performance.now()
      if (done()) return now - start
      const gone = this.#children.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null)
      if (gone !== undefined)
        throw new Error(`${what}: it ended with ${gone.signalCode ?? gone.exitCode}: ${this.#lastWords()}`)
      if (now - start > this.#deadlineMs)
        throw new Error(
          `${what} not done within ${this.#deadlineMs / 1000} s, the kernel has ${this.#table.count}: ${this.#lastWords()}`,
        )
    }
  }
}

function tableOver(nextHop: string, prefixes: number): Uint8Array {
  const hop = nextHop.split('.').map(Number)
  return buildTable({ prefixes, seed: 1, perSet: 5, nextHop: hop, external: false, asn: 0, base: BASE, shared: 0 })
    .octets
}

function addressIn(number: number): string {
  const { word } = prefixAt(number)
  return [24, 16, 8, 0].map((shift) => ((word + 1) >>> shift) & 0xff).join('.')
}

/** Medians in time and routes a second; routelet's time as a share of the best other one's. */
export function renderKernel(rows: readonly KernelRow[]): string {
  const table = new Table({ head: HEAD, style: { head: [], border: [] } })
  for (const row of rows) table.push(line(row, rows))
  return table.toString()
}

/** The same for a page of documentation. */
export function renderKernelMarkdown(rows: readonly KernelRow[]): string {
  return markdownTable(
    HEAD,
    rows.map((row) => line(row, rows)),
  )
}

const HEAD = ['daemon', 'routes', ...ACTIONS.flatMap((action) => [action, 'routes/s', 'ratio'])]

function line(row: KernelRow, rows: readonly KernelRow[]): string[] {
  return [row.label, String(row.prefixes), ...cells(row, rows)]
}

function cells(row: KernelRow, rows: readonly KernelRow[]): string[] {
  if (row.runs.length === 0)
    return [row.error === undefined ? '' : 'failed', ...Array.from({ length: HEAD.length - 3 }, () => '')]
  return ACTIONS.flatMap((action) => {
    const ms = timeOf(row, action)
    const others = rows.filter(
      ({ daemon, prefixes, runs }) => daemon !== 'routelet' && prefixes === row.prefixes && runs.length > 0,
    )
    const best = Math.min(...others.map((other) => timeOf(other, action)))
    const ratio = row.daemon === 'routelet' && others.length > 0 ? `${(ms / best).toFixed(2)} ×` : ''
    return [`${ms.toFixed(0)} ms`, String(Math.round((row.prefixes / ms) * 1000)), ratio]
  })
}

function timeOf({ runs }: KernelRow, action: Action): number {
  return median(runs.map((times) => times[action]))
}
