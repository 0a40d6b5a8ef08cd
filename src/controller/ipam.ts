import type { Labels } from '../desired/selectors.ts'
import { LOAD_BALANCER_CLASS } from '../desired/service-offers.ts'
import { oldestFirst } from '../desired/snapshot-of.ts'
import type { Decision } from '../ipam/allocate.ts'
import { type Claim, claimOf } from '../ipam/claim.ts'
import { Ledger } from '../ipam/ledger.ts'
import { poolsOf } from '../ipam/pools.ts'
import { FollowedObjects } from '../kube/followed.ts'
import type { Entry } from '../kube/object-cache.ts'
import { followedResources } from '../kube/resources.ts'
import type { Service } from '../objects/core-kinds.ts'
import { type EventPorts, Events } from './events.ts'
import { POOL_CONDITION, type PoolUsage, poolUsage } from './pool-status.ts'
import { SERVICE_CONDITION, serviceChange } from './service-status.ts'
import { Writer } from './writer.ts'
import { poolWrite, serviceWrite } from './writes.ts'

/** Changes that come together are worked out together; a large cluster may take a third of the time. */
const DEBOUNCE_MS = 50
const DUTY = 2
/** When something was left out because it has just been written, it is looked at again. */
const AGAIN_MS = 5_500
/** Pools are counted anew with every Service; people need not see each step. */
const POOLS_EVERY_MS = 3_000

/** LoadBalancer IPAM, for as long as one leads: follows Services and pools, and writes what follows from them. */
export class Ipam {
  readonly #ports: EventPorts
  readonly #defaultClass: boolean
  readonly #ledger = new Ledger()
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

  constructor(
    ports: EventPorts,
    { namespace, defaultClass }: { readonly namespace: string; readonly defaultClass: boolean },
  ) {
    this.#ports = ports
    this.#defaultClass = defaultClass
    this.#writer = new Writer(ports)
    this.#events = new Events(ports)
    this.#objects = new FollowedObjects(
      followedResources('controller', namespace),
      ports,
      {
        changed: () => this.#changed(),
        health: (_, detail) => {
          this.#detail = detail
          ports.log.info({ detail }, 'source of the objects')
        },
      },
      { Service: SERVICE_CONDITION, IPAddressPool: POOL_CONDITION },
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
    const services = this.#servicesOf(entries)
    const claims = services.map(({ claim }) => claim)
    const { decisions, taken, wakeAt } = this.#ledger.update(claims, pools, now)
    this.#pools = poolUsage(pools, taken)
    this.#services = countBy(decisions)
    const byUid = new Map(services.map((one) => [one.claim.uid, one]))
    const writes = decisions.flatMap((decision) => {
      const found = byUid.get(decision.claim.uid)
      const wallTime = this.#ports.clock.wallTime()
      const change = found && serviceChange(decision, found.service, found.entry.condition, wallTime)
      return change ? [serviceWrite(decision.claim, change, this.#ports.client, this.#events)] : []
    })
    const { waits, writes: ofPools } = this.#poolWrites(entries, now)
    const left = this.#writer.submit([...writes, ...ofPools])
    const times = [left ? now + AGAIN_MS : undefined, waits ? now + POOLS_EVERY_MS : undefined, wakeAt]
    const next = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
    this.#cancelAgain()
    if (next < Number.POSITIVE_INFINITY) this.#cancelAgain = this.#ports.clock.after(next - now, () => this.#changed())
  }

  #servicesOf(entries: readonly Entry[]) {
    const labels = new Map(
      entries.flatMap(({ good }) =>
        good?.kind === 'Namespace' ? [[good.metadata.name, good.metadata.labels] as const] : [],
      ),
    )
    return entries.flatMap((entry) => {
      const { good } = entry
      if (good?.kind !== 'Service' || good.spec.type !== 'LoadBalancer') return []
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
    return spec.loadBalancerClass === undefined ? this.#defaultClass : spec.loadBalancerClass === LOAD_BALANCER_CLASS
  }

  /** The pools whose status is otherwise; `waits`: some come later, for they were written a moment ago. */
  #poolWrites(entries: readonly Entry[], now: number) {
    const usages = new Map(this.#pools.map((usage) => [usage.pool.name, usage]))
    let waits = false
    const writes = entries.flatMap((entry) => {
      if (entry.kind !== 'IPAddressPool') return []
      const usage = usages.get(entry.name)
      const { clock, client } = this.#ports
      const write = poolWrite(usage, entry, clock.wallTime(), client, this.#events, () => {
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
