import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, stdout } from 'node:process'
import Table from 'cli-table3'
import { fetchDocument } from '../src/api/client.ts'
import type { StatusDocument } from '../src/api/contract.ts'
import { prefixAt } from './addresses.ts'
import { end } from './children.ts'
import { ROUTELET } from './daemons/routelet.ts'
import { markdownTable } from './markdown.ts'
import { usage } from './measure.ts'
import { median } from './median.ts'
import { SimPeer } from './sim-peer.ts'
import { longestStall, stallWatchEnv } from './stalls.ts'
import { buildTable } from './table.ts'

export interface StartOptions {
  readonly repeat: number
  /** Routes behind the questions of the command line. */
  readonly prefixes: number
}

/** One figure with what it must be. */
export interface StartFigure {
  readonly what: string
  readonly unit: 'ms' | 'MiB'
  readonly atMost?: number
  readonly values: readonly number[]
}

const DAEMON = '10.99.0.1'
const ROUTER = '10.99.16.1'
const ROUTER_PORT = 1179
/** After this a daemon that was left alone counts as idle. */
const IDLE_AFTER_MS = 5000
const WITHIN_MS = 60_000

/** How quickly routelet starts and answers, and what it needs when nothing is to be done. */
export async function measureStart({ repeat, prefixes }: StartOptions): Promise<StartFigure[]> {
  const figures: StartFigure[] = []
  const note = (figure: StartFigure) => {
    figures.push(figure)
    stdout.write(`  ${figure.what}: ${median(figure.values).toFixed(0)} ${figure.unit}\n`)
  }
  const repeated = async (once: () => number | Promise<number>) => {
    const values: number[] = []
    for (let i = 0; i < repeat; i++) values.push(await once())
    return values
  }
  note({ what: 'routelet --version', unit: 'ms', atMost: 80, values: await repeated(versionMs) })
  for (const role of ['reflector', 'agent'] as const) {
    const atMost = role === 'reflector' ? { atMost: 250 } : {}
    note({
      what: `${role}: exec to first OPEN`,
      unit: 'ms',
      ...atMost,
      values: await repeated(() => firstOpenMs(role)),
    })
    const values = [await idleMiB(role)]
    note({ what: `${role}: idle memory`, unit: 'MiB', atMost: role === 'reflector' ? 70 : 90, values })
  }
  for (const figure of await questions(repeat, prefixes)) note(figure)
  return figures
}

export function renderStart(figures: readonly StartFigure[]): string {
  const table = new Table({ head: HEAD, style: { head: [], border: [] } })
  for (const figure of figures) table.push(line(figure))
  return table.toString()
}

/** The same for a page of documentation. */
export function renderStartMarkdown(figures: readonly StartFigure[]): string {
  return markdownTable(HEAD, figures.map(line))
}

const HEAD = ['what', 'median', 'longest', 'must be', '']

function line({ what, unit, values, atMost }: StartFigure): string[] {
  const value = median(values)
  const bound = atMost === undefined ? ['', ''] : [`≤ ${atMost} ${unit}`, value <= atMost ? 'reached' : 'MISSED']
  return [what, `${value.toFixed(1)} ${unit}`, `${Math.max(...values).toFixed(1)} ${unit}`, ...bound]
}

function versionMs(): number {
  const start = performance.now()
  spawnSync(ROUTELET, ['--version'])
  return performance.now() - start
}

/** A listening router sees the OPEN. */
async function firstOpenMs(role: 'reflector' | 'agent'): Promise<number> {
  using place = new Place(ROUTER_OF_OURS)
  const router = net.createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => router.listen(ROUTER_PORT, ROUTER, resolve))
  const start = performance.now()
  const child = place.start(role)
  try {
    return await new Promise((resolve, reject) => {
      router.on('connection', (socket) => socket.once('data', () => resolve(performance.now() - start)))
      child.once('exit', () => reject(new Error(`the ${role} ended`)))
      setTimeout(() => reject(new Error(`no OPEN from the ${role}`)), WITHIN_MS).unref()
    })
  } finally {
    router.close()
    await end(child)
  }
}

async function idleMiB(role: 'reflector' | 'agent'): Promise<number> {
  using place = new Place(ROUTER_OF_OURS)
  const child = place.start(role)
  try {
    await place.until((status) => status.configuration.appliedAt !== undefined)
    await new Promise((resolve) => setTimeout(resolve, IDLE_AFTER_MS))
    return usage(child.pid!).residentMiB
  } finally {
    await end(child)
  }
}

/** `routelet routes PREFIX` with a full table: the answer alone, the whole command, and what it does to the daemon. */
async function questions(repeat: number, prefixes: number): Promise<StartFigure[]> {
  using place = new Place(CLIENTS)
  const child = place.start('reflector', stallWatchEnv(place.folder))
  const source = new SimPeer({
    local: ROUTER,
    daemon: DAEMON,
    port: 179,
    asn: 65_000,
    identifier: [10, 99, 16, 1],
    external: false,
    own: [0, prefixes],
  })
  try {
    await source.connect()
    const options = {
      prefixes,
      seed: 1,
      perSet: 5,
      nextHop: [10, 99, 16, 1],
      external: false,
      asn: 0,
      base: 0,
      shared: 0,
    }
    source.send(buildTable(options).octets)
    await place.until((status) => status.ribRoutes.ipv4 === prefixes)
    const asked = prefixText(Math.floor(prefixes / 2))
    await longestStall(child.pid!, place.folder)
    const answers: number[] = []
    const commands: number[] = []
    for (let i = 0; i < repeat; i++) {
      const start = performance.now()
      await fetchDocument(place.socket, '/v1/routes', { prefix: asked })
      const answered = performance.now()
      const { status } = spawnSync(ROUTELET, ['routes', asked, '--socket', place.socket])
      if (status !== 0) throw new Error(`routelet routes ${asked} ended with status ${status}`)
      answers.push(answered - start)
      commands.push(performance.now() - answered)
    }
    const byOne = (await longestStall(child.pid!, place.folder)) ?? Number.NaN
    await fetchDocument(place.socket, '/v1/routes')
    const byPage = (await longestStall(child.pid!, place.folder)) ?? Number.NaN
    const routes = `with ${prefixes.toLocaleString('en')} routes`
    return [
      { what: `routes PREFIX ${routes}: the answer`, unit: 'ms', atMost: 50, values: answers },
      { what: `routes PREFIX ${routes}: the whole command`, unit: 'ms', values: commands },
      { what: `routes PREFIX ${routes}: event loop stall`, unit: 'ms', atMost: 20, values: [byOne] },
      { what: `a page of all routes ${routes}: event loop stall`, unit: 'ms', atMost: 20, values: [byPage] },
    ]
  } finally {
    source.close()
    await end(child)
  }
}

function prefixText(number: number): string {
  const { word, length } = prefixAt(number)
  return `${[24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.')}/${length}`
}

/** A folder with a configuration, for one routelet. */
class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'routelet-bench-'))
  readonly socket = join(this.folder, 'routelet.sock')

  constructor(peer: string) {
    writeFileSync(join(this.folder, 'routelet.yaml'), CONFIG + peer)
  }

  start(role: 'reflector' | 'agent', environment: Record<string, string> = {}): ChildProcess {
    const paths = ['--config', join(this.folder, 'routelet.yaml'), '--socket', this.socket]
    const rest = ['--state-dir', join(this.folder, 'state'), '--http', `${DAEMON}:9179`, '--node', 'bench']
    return spawn(ROUTELET, [role, ...paths, ...rest, '--log-level', 'error'], {
      stdio: 'inherit',
      env: { ...env, ...environment },
    })
  }

  async until(condition: (status: StatusDocument) => boolean): Promise<void> {
    const deadline = performance.now() + WITHIN_MS
    for (;;) {
      const status = await fetchDocument<StatusDocument>(this.socket, '/v1/status').catch(() => undefined)
      if (status !== undefined && condition(status)) return
      if (performance.now() > deadline) throw new Error('routelet did not get there in time')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const CONFIG = `apiVersion: routelet.io/v1alpha1
kind: RoutingConfig
metadata: { name: default }
spec: { asn: 65000, topology: { mode: None } }
---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
`
const ROUTER_OF_OURS = `metadata: { name: router }
spec: { address: ${ROUTER}, port: ${ROUTER_PORT}, peerASN: 65000, families: [ipv4-unicast] }
`
const CLIENTS = `metadata: { name: clients }
spec: { listenRange: 10.99.0.0/16, peerASNType: Internal, families: [ipv4-unicast], routeReflectorClient: true }
`
