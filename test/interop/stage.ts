import { type ChildProcess, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PeerStatus, RouteView } from '../../bgp/contract.ts'
import { Namespaces, type Netns, removeNamespaces, signal } from '../../src/lab/netns.ts'
import { eventually } from '../eventually.ts'
import { Dissection } from './dissection.ts'

const BIN = join(import.meta.dirname, '../../bin/routelet')

/** Why interop tests cannot run here, or undefined. */
export function whyNot(...programs: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root for network namespaces'
  const missing = programs.filter((program) => !existsSync(program))
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`
}

/**
 * Routelet and other daemons on one segment, each in a namespace of its own: 10.50.0.N/24 and fd50::N/64. Everything
 * they write stands in `folder`, and tshark reads at the end what routelet sent.
 */
export class Stage implements AsyncDisposable {
  readonly folder: string
  readonly #namespaces: Namespaces
  readonly #bridge: Netns
  readonly #hosts = new Map<number, Netns>()
  readonly #children = new Set<ChildProcess>()
  #dissection: Dissection | undefined
  /** Hardware addresses of the hosts where routelet runs. */
  readonly #speakers = new Set<string>()

  private constructor(namespaces: Namespaces, bridge: Netns) {
    this.#namespaces = namespaces
    this.#bridge = bridge
    this.folder = mkdtempSync(join(tmpdir(), 'routelet-interop-'))
    chmodSync(this.folder, 0o755)
  }

  /** `captured`: tshark listens; too much is said for it on a stage with hundreds of peers. */
  static async open({ captured = true } = {}): Promise<Stage> {
    await removeLeftOvers()
    const namespaces = await Namespaces.open(`${PREFIX}${process.pid}-`)
    const bridge = await namespaces.add('switch')
    await bridge.ip('link', 'add', 'br0', 'type', 'bridge')
    await bridge.ip('link', 'set', 'br0', 'up')
    const stage = new Stage(namespaces, bridge)
    if (captured) stage.#dissection = await Dissection.begin(bridge, stage.path('bgp.pcapng'))
    return stage
  }

  /** The host with this number, made when it is asked for first. */
  async host(n: number): Promise<Netns> {
    const known = this.#hosts.get(n)
    if (known !== undefined) return known
    const host = await this.#namespaces.add(`h${n}`)
    this.#hosts.set(n, host)
    await this.#namespaces.link({ netns: host, dev: 'eth0' }, { netns: this.#bridge, dev: `p${n}` })
    await this.#bridge.ip('link', 'set', `p${n}`, 'master', 'br0')
    await host.ip('addr', 'add', `10.50.0.${n}/24`, 'dev', 'eth0')
    await host.ip('-6', 'addr', 'add', `fd50::${n}/64`, 'dev', 'eth0', 'nodad')
    await host.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 })
    return host
  }

  /** Starts a command in a host; its output goes to `NAME.log`. */
  async start(n: number, name: string, argv: readonly string[]): Promise<ChildProcess> {
    const host = await this.host(n)
    const child = host.spawn(argv, { logPath: this.path(`${name}.log`) })
    this.#children.add(child)
    return child
  }

  /** Packets of TCP that the kernels of hosts dropped for this reason, a name of Linux. */
  async drops(reason: 'TCPMinTTLDrop' | 'TCPMD5Failure', ...hosts: readonly number[]): Promise<number> {
    const counts = hosts.map(async (n) => {
      const text = await (await this.host(n)).exec('nstat', '-aszj', `TcpExt${reason}`)
      return Object.values((JSON.parse(text) as { kernel: Record<string, number> }).kernel)[0] ?? 0
    })
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }

  async kill(child: ChildProcess, how: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#children.delete(child)
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    signal(child.pid!, how)
    await gone
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text)
    return this.path(name)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  log(name: string): string {
    return readFileSync(this.path(`${name}.log`), 'utf8')
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Starts routelet on host `n` with these objects (YAML). */
  async routelet(n: number, role: 'agent' | 'reflector', objects: string): Promise<Routelet> {
    const name = `routelet${n}`
    this.#speakers.add((await (await this.host(n)).exec('cat', '/sys/class/net/eth0/address')).trim())
    const config = this.write(`${name}.yaml`, objects)
    const paths = ['--socket', this.path(`${name}.sock`), '--state-dir', this.path(`${name}.state`)]
    const argv = [BIN, role, '--config', config, '--node', `n${n}`, ...paths, '--http', '127.0.0.1:9179']
    const child = await this.start(n, name, argv)
    const host = await this.host(n)
    const routelet = new Routelet(this, host, name, child, argv, n)
    const answers = () => child.exitCode !== null || routelet.peers().then(Boolean, () => false)
    await eventually(`${name} answers`, answers, 10_000)
    if (child.exitCode !== null) throw new Error(`${name} ended with status ${child.exitCode}: ${this.log(name)}`)
    return routelet
  }

  async #complaints(): Promise<string[]> {
    const dissection = this.#dissection
    if (dissection === undefined || this.#speakers.size === 0) return []
    // What was said last comes into the capture a moment later.
    const heard = await eventually('an UPDATE of routelet', () => dissection.updates(this.#speakers) > 0, 5_000).catch(
      () => false,
    )
    const complaints = await dissection.complaints(this.#speakers)
    return heard ? complaints : [...complaints, 'no UPDATE of routelet was captured']
  }

  /** Ends everything; throws when routelet has said something that Wireshark finds wrong. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await this.kill(child)
    const complaints = await this.#complaints()
    await this.#namespaces.close()
    rmSync(this.folder, { recursive: true, force: true })
    if (complaints.length > 0) throw new Error(`tshark complains of what routelet sent:\n${complaints.join('\n')}`)
  }
}

/** Two runs on one machine do not meet; what one that was killed has left is taken away by the next. */
const PREFIX = 'rtl-peers-'

async function removeLeftOvers(): Promise<void> {
  const list = execFileSync('ip', ['-j', 'netns', 'list'], { encoding: 'utf8' })
  const names = (JSON.parse(list || '[]') as { name: string }[]).map(({ name }) => name)
  const owners = new Set(names.flatMap((name) => /^rtl-peers-(\d+)-/.exec(name)?.[1] ?? []))
  for (const owner of owners) if (!existsSync(`/proc/${owner}`)) await removeNamespaces(`${PREFIX}${owner}-`)
}

/** A running routelet, asked over its socket through the command line. */
export class Routelet {
  readonly #stage: Stage
  readonly #host: Netns
  readonly #name: string
  readonly #argv: readonly string[]
  readonly #n: number
  child: ChildProcess

  constructor(stage: Stage, host: Netns, name: string, child: ChildProcess, argv: readonly string[], n: number) {
    this.#stage = stage
    this.#host = host
    this.#name = name
    this.child = child
    this.#argv = argv
    this.#n = n
  }

  async peers(): Promise<PeerStatus[]> {
    return (await this.#ask<{ items: PeerStatus[] }>('peers')).items
  }

  async peer(name: string): Promise<PeerStatus | undefined> {
    return (await this.peers()).find((peer) => peer.name === name)
  }

  async routes(...args: string[]): Promise<RouteView[]> {
    return (await this.#ask<{ items: RouteView[] }>('routes', ...args)).items
  }

  /** Changes the configuration of the running program. */
  configure(objects: string): void {
    this.#stage.write(`${this.#name}.yaml`, objects)
  }

  async kill(how: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#stage.kill(this.child, how)
  }

  async restart(): Promise<void> {
    this.child = await this.#stage.start(this.#n, this.#name, this.#argv)
  }

  /** Destinations in the kernel with routelet's protocol number, and where they go. */
  async kernel(family: 4 | 6 = 4): Promise<Map<string, string[]>> {
    const text = await this.#host.ip(`-${family}`, '-j', 'route', 'show', 'proto', '179')
    type Hop = { gateway?: string; via?: { host: string } }
    type Row = Hop & { dst: string; type?: string; nexthops?: Hop[] }
    const way = (hop: Hop) => hop.gateway ?? hop.via?.host
    const rows = JSON.parse(text || '[]') as Row[]
    return new Map(
      rows.map(({ dst, type, nexthops, ...hop }) => {
        const ways = nexthops?.map((each) => way(each) ?? 'none').sort() ?? [way(hop) ?? type ?? 'none']
        return [dst.includes('/') ? dst : `${dst}/${family === 4 ? 32 : 128}`, ways]
      }),
    )
  }

  async #ask<T>(...args: string[]): Promise<T> {
    const socket = this.#stage.path(`${this.#name}.sock`)
    return JSON.parse(await this.#host.exec(BIN, ...args, '--socket', socket, '-o', 'json')) as T
  }
}

/** RoutingConfig and Node of host `n`. */
export function basics(n: number, asn = 65000, more = ''): string {
  return `apiVersion: routelet.io/v1alpha1
kind: RoutingConfig
metadata: { name: default }
spec:
  asn: ${asn}
  topology: { mode: None }
${more}
---
apiVersion: v1
kind: Node
metadata: { name: n${n} }
spec: { podCIDRs: [10.1.${n}.0/24, "fd10:${n}::/64"] }
status:
  addresses: [{ type: InternalIP, address: 10.50.0.${n} }, { type: InternalIP, address: "fd50::${n}" }]
  conditions: [{ type: Ready, status: "True" }]
---
apiVersion: routelet.io/v1alpha1
kind: RoutePolicy
metadata: { name: all }
spec: { defaultAction: Accept, rules: [] }
---
apiVersion: routelet.io/v1alpha1
kind: BGPAdvertisement
metadata: { name: pods }
spec:
  type: PodCIDR
  attributes: { communities: ["65000:7", "large:65000:1:2"] }
`
}
