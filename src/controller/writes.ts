import { API_VERSION } from '../kinds/kind.ts'
import type { KubeClient } from '../kube/client.ts'
import { timestamp } from '../kube/conditions.ts'
import type { Entry } from '../kube/object-cache.ts'
import { objectPath } from '../kube/resources.ts'
import type { Events } from './events.ts'
import { invalidCondition, type PoolUsage, poolCondition } from './pool-status.ts'
import type { Resting } from './resting.ts'
import type { PlannedWrite } from './service-plan.ts'
import type { Write } from './writer.ts'

const FIELD_MANAGER = 'routelet-controller'

/** The status of a Service, and when it stands, the Events that go with it. */
export function serviceWrite({ claim, change }: PlannedWrite, client: KubeClient, events: Events): Write {
  const name = encodeURIComponent(claim.name.slice(claim.namespace.length + 1))
  const path = `/api/v1/namespaces/${encodeURIComponent(claim.namespace)}/services/${name}/status`
  const query = new URLSearchParams({ fieldManager: FIELD_MANAGER })
  return {
    key: `Service ${claim.name}`,
    content: withoutTimes(change.patch),
    send: () =>
      client.request('PATCH', `${path}?${query}`, {
        type: 'application/strategic-merge-patch+json',
        value: change.patch,
      }),
    done: () => {
      for (const facts of change.events) events.tell(facts)
    },
  }
}

/** The status of a pool, without `usage` of one that never was valid; `written` is called when it stands. */
export function poolWrite(
  usage: PoolUsage | undefined,
  resting: readonly Resting[],
  entry: Entry,
  now: number,
  client: KubeClient,
  events: Events,
  written: () => void,
): Write {
  const isValid = usage !== undefined && entry.problems.length === 0
  const wanted = isValid ? poolCondition(usage) : invalidCondition(entry.problems, usage !== undefined)
  const before = entry.condition
  const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : timestamp(now)
  const condition = { ...wanted, observedGeneration: entry.generation, lastTransitionTime }
  const { 4: ipv4, 6: ipv6 } = usage?.families ?? {}
  const status = {
    conditions: [condition],
    ...(ipv4 && { ipv4 }),
    ...(ipv6 && { ipv6 }),
    ...(resting.length > 0 && { resting }),
  }
  const { name, uid } = entry
  const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, force: 'true' })
  const isNews = wanted.status === 'False' && (before?.status !== 'False' || before.reason !== wanted.reason)
  return {
    key: `IPAddressPool ${name}`,
    content: `${uid} ${withoutTimes(status)}`,
    send: () =>
      client.request('PATCH', `${objectPath('IPAddressPool', name)}/status?${query}`, {
        type: 'application/apply-patch+yaml',
        value: { apiVersion: API_VERSION, kind: 'IPAddressPool', metadata: { name, uid }, status },
      }),
    done: () => {
      written()
      if (!isNews) return
      const about = { apiVersion: API_VERSION, kind: 'IPAddressPool', name, uid }
      events.tell({ about, type: 'Warning', reason: wanted.reason, message: wanted.message })
    },
  }
}

/** What a write says, but for the time it says it at. */
function withoutTimes(value: object): string {
  return JSON.stringify(value, (key, inner) => (key === 'lastTransitionTime' ? undefined : inner))
}
