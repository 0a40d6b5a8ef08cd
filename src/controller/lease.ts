import type { Clock, Log } from '../../bgp/ports.ts'
import { ApiError, type KubeClient } from '../kube/client.ts'
import { isRecord } from '../objects/read.ts'

export interface LeasePorts {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

export interface LeaseEvents {
  /** `released`: the one before gave the Lease up after its last write; otherwise one may still be on its way. */
  acquired(released: boolean): void
  /** Nothing may be written from now on. */
  lost(): void
}

/** As client-go's leader election has them. */
const LEASE_MS = 15_000
const RENEW_DEADLINE_MS = 10_000
const RETRY_MS = 2_000

/** One of several processes leads at a time: the one that holds a Lease (coordination.k8s.io/v1) and renews it. */
export class Lease {
  readonly #at: { readonly namespace: string; readonly name: string; readonly identity: string }
  readonly #ports: LeasePorts
  readonly #events: LeaseEvents
  /** The record of another holder, and since when it is as it is. The clocks of two machines are never compared. */
  #seen = { record: '', since: 0 }
  #leading = false
  #renewedAt = 0
  #stopped = false
  #cancelTimer: () => void = () => {}
  #cancelDeadline: () => void = () => {}
  #attempt: Promise<void> = Promise.resolve()
  /** Why the Lease cannot be read or written; undefined while it can. */
  trouble: string | undefined = 'the first answer of the API server'

  constructor(
    at: { readonly namespace: string; readonly name: string; readonly identity: string },
    ports: LeasePorts,
    events: LeaseEvents,
  ) {
    this.#at = at
    this.#ports = ports
    this.#events = events
    this.#try()
  }

  /** True while nobody else can have the Lease. */
  get isLeading(): boolean {
    return this.#leading && this.#ports.clock.now() < this.#renewedAt + RENEW_DEADLINE_MS
  }

  /** Tries no more. The Lease is still held until it is released. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer()
    await this.#attempt
    this.#cancelDeadline()
  }

  /** Gives the Lease up, so that another one need not wait; only after the last write has ended. */
  async release(): Promise<void> {
    if (!this.isLeading) return
    this.#leading = false
    const lease = await this.#read()
    if (lease?.holder !== this.#at.identity) return
    await this.#patch({ resourceVersion: lease.resourceVersion }, { holderIdentity: '', leaseDurationSeconds: 1 })
  }

  #try(): void {
    this.#attempt = this.#acquireOrRenew()
      .then(
        () => {
          this.trouble = undefined
        },
        (error) => {
          // Another one was quicker.
          if (error instanceof ApiError && error.status === 409) return
          this.trouble = `the Lease ${this.#at.namespace}/${this.#at.name}: ${(error as Error).message}`
          this.#ports.log.warn({ reason: this.trouble }, 'the Lease cannot be had')
        },
      )
      .finally(() => {
        if (this.#stopped) return
        const ms = RETRY_MS * (1 + 0.2 * this.#ports.random())
        this.#cancelTimer = this.#ports.clock.after(ms, () => this.#try())
      })
  }

  async #acquireOrRenew(): Promise<void> {
    const { clock } = this.#ports
    const now = clock.now()
    const lease = await this.#read()
    if (lease === undefined) {
      const { namespace, name } = this.#at
      const value = { ...KIND, metadata: { namespace, name }, spec: { ...this.#held(), ...this.#acquired(0) } }
      await this.#ports.client.request('POST', leases(namespace), { type: 'application/json', value })
      return this.#renewed(now, false)
    }
    const isOurs = lease.holder === this.#at.identity
    if (lease.record !== this.#seen.record) this.#seen = { record: lease.record, since: clock.now() }
    if (!isOurs) this.#lost('another one has had the Lease')
    if (!isOurs && lease.holder !== '' && clock.now() < this.#seen.since + lease.durationMs) return
    // A version that is not the newest any more is refused: of two that try, one gets it.
    const spec = { ...this.#held(), ...(!isOurs && this.#acquired(lease.transitions + 1)) }
    await this.#patch({ resourceVersion: lease.resourceVersion }, spec)
    this.#renewed(now, lease.holder === '')
  }

  /** `at`: when the request left, which is before the API server counts from. */
  #renewed(at: number, released: boolean): void {
    this.#renewedAt = at
    this.#cancelDeadline()
    const left = at + RENEW_DEADLINE_MS - this.#ports.clock.now()
    this.#cancelDeadline = this.#ports.clock.after(left, () => this.#lost('it could not be renewed in time'))
    if (this.#leading || this.#stopped) return
    this.#leading = true
    this.#ports.log.info({ identity: this.#at.identity }, 'leading')
    this.#events.acquired(released)
  }

  #lost(reason: string): void {
    if (!this.#leading) return
    this.#leading = false
    this.#cancelDeadline()
    this.#ports.log.warn({ reason }, 'leading no more')
    this.#events.lost()
  }

  #held(): object {
    const renewTime = microTime(this.#ports.clock.wallTime())
    return { holderIdentity: this.#at.identity, leaseDurationSeconds: LEASE_MS / 1000, renewTime }
  }

  #acquired(leaseTransitions: number): object {
    return { acquireTime: microTime(this.#ports.clock.wallTime()), leaseTransitions }
  }

  async #read() {
    try {
      return leaseOf(await this.#ports.client.request('GET', `${leases(this.#at.namespace)}/${this.#at.name}`))
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  async #patch(metadata: object, spec: object): Promise<void> {
    const path = `${leases(this.#at.namespace)}/${this.#at.name}`
    const value = { metadata, spec }
    await this.#ports.client.request('PATCH', path, { type: 'application/merge-patch+json', value })
  }
}

const KIND = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }

function leases(namespace: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`
}

function leaseOf(raw: unknown) {
  const { metadata, spec } = isRecord(raw) ? raw : {}
  const fields = isRecord(spec) ? spec : {}
  const { resourceVersion } = isRecord(metadata) ? metadata : {}
  return {
    resourceVersion: String(resourceVersion ?? ''),
    holder: String(fields['holderIdentity'] ?? ''),
    durationMs: Number(fields['leaseDurationSeconds'] ?? 0) * 1000,
    transitions: Number(fields['leaseTransitions'] ?? 0),
    record: JSON.stringify([fields['holderIdentity'], fields['renewTime'], fields['leaseTransitions']]),
  }
}

/** As Kubernetes writes a MicroTime. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
