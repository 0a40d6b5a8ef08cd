import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespaces, type Netns } from '../../src/lab/netns.ts'
import { NAMESPACE } from '../fakes/objects.ts'
import { ClusterNode } from './cluster-node.ts'
import { ADDRESS, NODES_ASN, ROUTER_ASN } from './cluster-objects.ts'
import { ControlPlane } from './control-plane.ts'
import { Router } from './router.ts'

const MANIFESTS = join(import.meta.dirname, '../../manifests')
/** The path is the same each time, so that the next run removes what a killed one has left. */
const FOLDER = join(tmpdir(), 'routelet-e2e')

/**
 * A cluster on one segment: an API server, a router, and as many nodes as are asked for, each in a namespace of its
 * own. The agents have the rights that the manifests give them.
 */
export class Cluster implements AsyncDisposable {
  readonly #namespaces: Namespaces
  readonly #switch: Netns
  readonly #token: string
  readonly api: ControlPlane
  readonly router: Router

  private constructor(namespaces: Namespaces, bridge: Netns, api: ControlPlane, router: Router, token: string) {
    this.#namespaces = namespaces
    this.#switch = bridge
    this.api = api
    this.router = router
    this.#token = token
  }

  /** `passwords` are those the router has for nodes, by their number. */
  static async open(passwords: ReadonlyMap<number, string>): Promise<Cluster> {
    const namespaces = await Namespaces.open('rtl-e2e-')
    rmSync(FOLDER, { recursive: true, force: true })
    mkdirSync(FOLDER)
    // FRR is not root when it looks for its files.
    chmodSync(FOLDER, 0o755)
    const bridge = await namespaces.add('switch')
    await bridge.ip('link', 'add', 'br0', 'type', 'bridge')
    await bridge.ip('link', 'set', 'br0', 'up')
    const host = (name: string, number: number) => plugIn(namespaces, bridge, name, number)
    const api = await ControlPlane.open(await host('api', ADDRESS.api), `10.60.0.${ADDRESS.api}`, join(FOLDER, 'api'))
    await api.kubectl('apply', '--server-side', '-k', MANIFESTS)
    await api.kubectl('wait', '--for', 'condition=Established', 'crd', '--all', '--timeout', '30s')
    const token = await api.kubectl('create', 'token', 'routelet-agent', '-n', NAMESPACE)
    const router = await Router.open(await host('router', ADDRESS.router), join(FOLDER, 'frr'), {
      asn: ROUTER_ASN,
      id: `10.60.0.${ADDRESS.router}`,
      nodesAsn: NODES_ASN,
      neighbors: [1, 2, 3, 4].map((number) => {
        const password = passwords.get(number)
        return { address: `10.60.0.${number}`, ...(password !== undefined && { password }) }
      }),
      networks4: ['20.1.0.0/24'],
      networks6: ['2001:db8:20::/48'],
    })
    return new Cluster(namespaces, bridge, api, router, token)
  }

  /** A machine for node `number` and the agent on it. */
  async addNode(number: number): Promise<ClusterNode> {
    const netns = await plugIn(this.#namespaces, this.#switch, `n${number}`, number)
    await netns.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 })
    const node = new ClusterNode(netns, number, FOLDER, this.api.kubeconfig(this.#token.trim()))
    await node.start()
    return node
  }

  /** A condition of an object: its status and what it says; undefined when it has none. */
  async condition(object: string, type: string): Promise<string | undefined> {
    const { status } = await this.api.get<WithConditions>(object)
    const found = status?.conditions?.find((one) => one.type === type)
    return found && `${found.status}: ${found.message}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // With the namespaces goes whatever runs in them.
    await this.#namespaces.close()
    rmSync(FOLDER, { recursive: true, force: true })
  }
}

interface WithConditions {
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message: string }[] }
}

async function plugIn(namespaces: Namespaces, bridge: Netns, name: string, number: number): Promise<Netns> {
  const host = await namespaces.add(name)
  await namespaces.link({ netns: host, dev: 'eth0' }, { netns: bridge, dev: name })
  await bridge.ip('link', 'set', name, 'master', 'br0')
  await host.ip('addr', 'add', `10.60.0.${number}/24`, 'dev', 'eth0')
  await host.ip('-6', 'addr', 'add', `fd60::${number}/64`, 'dev', 'eth0', 'nodad')
  return host
}
