import type { Labels } from '../desired/selectors.ts'
import { LOAD_BALANCER_CLASS } from '../desired/service-offers.ts'
import { oldestFirst } from '../desired/snapshot-of.ts'
import type { Decision } from '../ipam/allocate.ts'
import { type Claim, claimOf } from '../ipam/claim.ts'
import { type Pools, poolsOf } from '../ipam/pools.ts'
import { FollowedObjects } from '../kube/followed.ts'
import type { Entry } from '../kube/object-cache.ts'
import { followedResources } from '../kube/resources.ts'
import type { Service } from '../objects/core-kinds.ts'
import { type EventPorts, Events } from './events.ts'
import { POOL_CONDITION, type PoolUsage, poolUsage } from './pool-status.ts'
import { restingBefore, restingByPool } from './resting.ts'
import { type SeenService, ServicePlan } from './service-plan.ts'
import { SERVICE_CONDITION } from './service-status.ts'
import { Writer } from './writer.ts'
import { poolWrite, serviceWrite } from './writes.ts'

/** Changes that come together are worked out together; a large cluster may take a third of the time. */
const DEBOUNCE_MS = 50
const DUTY = 2
/** When something was left out because it has just been written, it is looked at again. */
const AGAIN_MS = 5_500
/** Pools are counted anew with every Service; people need not see each step. */
const POOLS_EVERY_MS = 3_000

export interface IpamOptions {
  readonly namespace: string
  readonly defaultClass: boolean
  /** The leader before has ended its last write. */
  readonly released: boolean
}

/** LoadBalancer IPAM, for as long as one leads: follows Services and pools, and writes what follows from them. */
export class Ipam {
  readonly #ports: EventPorts
  readonly #options: IpamOptions
  /** From the first list on. */
  #plan: ServicePlan | undefined
  readonly #objects: FollowedObjects
  readonly #writer: Writer
  readonly #events: Events
  /** The status of each pool as it was written, by uid. */
  readonly #poolsWritten = new Map<string, { readonly content: string; readonly at: number }>()
  readonly #claims = new WeakMap<Service, { readonly labels: Labels | undefined; readonly claim: Claim }>()
  #cancelRun: (() => void) | undefined
  #cancelAgain: () => void = () => {}
  #lastRunMs = 0
  #detail = 'the lists of the API server'
  #pools: readonly PoolUsage[] = []
  #services: ReadonlyMap<Decision['reason'], number> = new Map()

  constructor(ports: EventPorts, options: IpamOptions) {
    this.#ports = ports
    this.#options = options
    this.#writer = new Writer(ports)
    this.#events = new Events(ports)
    this.#objects = new FollowedObjects(
      followedResources('controller', options.namespace),
      ports,
      {
        changed: () => this.#changed(),
        health: (_, detail) => {
          this.#detail = detail
          ports.log.info({ detail }, 'source of the objects')
        },
      },
      {
        Service: { conditionType: SERVICE_CONDITION },
        IPAddressPool: { conditionType: POOL_CONDITION, keepsStatus: true },
      },
    )
  }

  status() {
    const waitingFor = this.#objects.synced ? [] : [this.#detail]
    return { waitingFor, facts: { pools: this.#pools, services: this.#services } }
  }

  /** Resolves when nothing of it is on its way any more. */
  async stop(): Promise<void> {
    this.#cancelRun?.()
    this.#cancelAgain()
    this.#objects.stop()
    this.#events.stop()
    await this.#writer.stop()
  }

  #changed(): void {
    this.#cancelRun ??= this.#ports.clock.after(DEBOUNCE_MS + DUTY * this.#lastRunMs, () => {
      this.#cancelRun = undefined
      const { clock } = this.#ports
      const began = clock.now()
      this.#run(began)
      this.#lastRunMs = clock.now() - began
    })
  }

  #run(now: number): void {
    const entries = [...this.#objects.entries()]
    const pools = poolsOf(oldestFirst(entries.flatMap(({ good }) => (good?.kind === 'IPAddressPool' ? [good] : []))))
    const wallTime = this.#ports.clock.wallTime()
    this.#plan ??= new ServicePlan(this.#options.released, restingBefore(entries, pools, wallTime))
    const { writes, allocation } = this.#plan.update(this.#servicesOf(entries), pools, wallTime)
    const ofServices = writes.map((write) => serviceWrite(write, this.#ports.client, this.#events))
    if (allocation !== undefined) {
      this.#pools = poolUsage(pools, allocation.taken)
      this.#services = countBy(allocation.decisions)
    }
    const { waits, writes: ofPools } = this.#poolWrites(entries, pools, now)
    const left = this.#writer.submit([...ofServices, ...ofPools])
    const delays = [
      ...(left ? [AGAIN_MS] : []),
      ...(waits ? [POOLS_EVERY_MS] : []),
      ...(allocation?.wakeAt === undefined ? [] : [allocation.wakeAt - wallTime]),
    ]
    this.#cancelAgain()
    if (delays.length > 0) this.#cancelAgain = this.#ports.clock.after(Math.min(...delays), () => this.#changed())
  }

  /** Those of type LoadBalancer, and those that were. */
  #servicesOf(entries: readonly Entry[]): SeenService[] {
    const labels = new Map(
      entries.flatMap(({ good }) =>
        good?.kind === 'Namespace' ? [[good.metadata.name, good.metadata.labels] as const] : [],
      ),
    )
    return entries.flatMap((entry) => {
      const { good } = entry
      if (good?.kind !== 'Service') return []
      const hasBeen = entry.condition !== undefined || good.status.loadBalancer.ingress.length > 0
      if (good.spec.type !== 'LoadBalancer' && !hasBeen) return []
      return [{ entry, service: good, claim: this.#claim(good, labels.get(good.metadata.namespace ?? 'default')) }]
    })
  }

  /** Most Services are the same from one run to the next. */
  #claim(service: Service, labels: Labels | undefined): Claim {
    const known = this.#claims.get(service)
    if (known !== undefined && known.labels === labels) return known.claim
    const claim = claimOf(service, labels ?? {}, (one) => this.#isOurs(one))
    this.#claims.set(service, { labels, claim })
    return claim
  }

  #isOurs({ spec }: Service): boolean {
    const { type, loadBalancerClass } = spec
    if (type !== 'LoadBalancer') return false
    return loadBalancerClass === undefined ? this.#options.defaultClass : loadBalancerClass === LOAD_BALANCER_CLASS
  }

  /** The pools whose status is otherwise; `waits`: some come later, for they were written a moment ago. */
  #poolWrites(entries: readonly Entry[], pools: Pools, now: number) {
    const usages = new Map(this.#pools.map((usage) => [usage.pool.name, usage]))
    const resting = restingByPool(this.#plan?.resting ?? new Map(), pools)
    let waits = false
    const writes = entries.flatMap((entry) => {
      if (entry.kind !== 'IPAddressPool') return []
      const usage = usages.get(entry.name)
      if (usage === undefined && entry.good !== undefined) return []
      const { clock, client } = this.#ports
      const rested = resting.get(entry.name) ?? []
      const write = poolWrite(usage, rested, entry, clock.wallTime(), client, this.#events, () => {
        this.#poolsWritten.set(entry.uid, { content: write.content, at: clock.now() })
      })
      const before = this.#poolsWritten.get(entry.uid)
      if (before?.content === write.content) return []
      const early = before !== undefined && now - before.at < POOLS_EVERY_MS
      waits ||= early
      return early ? [] : [write]
    })
    return { waits, writes }
  }
}

function countBy(decisions: readonly Decision[]): Map<Decision['reason'], number> {
  const counts = new Map<Decision['reason'], number>()
  for (const { reason } of decisions) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return counts
}
