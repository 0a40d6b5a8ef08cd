import type { BestRoute } from '../bgp/contract.ts'
import type { Clock, Log } from '../bgp/ports.ts'
import type { Address } from '../routing/ip/address.ts'
import { type Kernel, openKernel } from '../routing/kernel.ts'
import { KernelError } from '../routing/netlink/errors.ts'
import type { KernelRouteQuery } from './api/handlers.ts'
import type { CoreToControl, KernelIntent } from './contract.ts'
import type { CoreKernel } from './core.ts'
import { EXIT_FAILED, Failure } from './failure.ts'
import { kernelConfig, listQuery, wantOptions } from './join/kernel-route.ts'
import { SystemError } from './platform/libc.ts'
import { netlinkTuning } from './platform/netlink-tuning.ts'
import { sendRouterAdvertisement } from './platform/router-advertisement.ts'
import { RouterAdvertiser } from './router-advertiser.ts'

type LocalFacts = Omit<Extract<CoreToControl, { readonly type: 'LocalFacts' }>, 'type'>

/** The kernel of this machine; a `Failure` with one line when it cannot be used. */
export async function openAgentKernel(ports: { readonly clock: Clock; readonly log: Log }): Promise<AgentKernel> {
  try {
    const advertiser = new RouterAdvertiser({ ...ports, send: sendRouterAdvertisement })
    return new AgentKernel(await openKernel({ ...ports, tuning: netlinkTuning }), advertiser)
  } catch (error) {
    if (!(error instanceof KernelError || error instanceof SystemError)) throw error
    throw new Failure(EXIT_FAILED, [`${error.message}; run the agent as root, or with the capability NET_ADMIN`], error)
  }
}

/** The kernel side as the core knows it: best routes in, questions answered. */
export class AgentKernel implements CoreKernel {
  readonly #kernel: Kernel
  readonly #advertiser: Pick<RouterAdvertiser, 'advertiseOn'>
  #installs = true

  constructor(kernel: Kernel, advertiser: Pick<RouterAdvertiser, 'advertiseOn'>) {
    this.#kernel = kernel
    this.#advertiser = advertiser
  }

  configure(intent: KernelIntent): void {
    this.#installs = intent.installLearned
    this.#kernel.configure(kernelConfig(intent))
    this.#advertiser.advertiseOn(intent.advertiseOn ?? [])
  }

  route(route: BestRoute): void {
    if (route.paths.length === 0 || !this.#installs) this.#kernel.unwant(route.prefix)
    else this.#kernel.want(route.prefix, route.paths, wantOptions(route))
  }

  converged(): void {
    this.#kernel.converged()
  }

  get idle(): boolean {
    return this.#kernel.idle
  }

  counts(): ReturnType<Kernel['counts']> {
    return this.#kernel.counts()
  }

  list(query: KernelRouteQuery): ReturnType<Kernel['list']> {
    return this.#kernel.list(listQuery(query))
  }

  resolve(nextHop: Address, interfaceName?: string): ReturnType<Kernel['resolve']> {
    return this.#kernel.resolve(nextHop, interfaceName)
  }

  /** `changed` is called now, and whenever links, addresses or routes of others are not as they were. */
  watch(changed: (facts: LocalFacts) => void): void {
    const tell = () => {
      const { localSubnets, localAddresses, routers } = this.#kernel
      changed({ localSubnets, localAddresses, routers })
    }
    this.#kernel.watchNextHops(tell)
    tell()
  }

  close(how: { readonly keepRoutes: boolean }): Promise<void> {
    this.#advertiser.advertiseOn([])
    return this.#kernel.close(how)
  }
}
