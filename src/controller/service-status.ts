import { parseAddress } from '../../routing/ip/address.ts'
import type { Decision } from '../ipam/allocate.ts'
import type { Pools } from '../ipam/pools.ts'
import type { Condition } from '../kinds/common.ts'
import { timestamp } from '../kube/conditions.ts'
import type { Entry } from '../kube/object-cache.ts'
import type { Service } from '../objects/core-kinds.ts'
import type { EventFacts } from './events.ts'

/** Type of the condition on a Service that says whether it has its addresses. */
export const SERVICE_CONDITION = 'routelet.io/AddressesAllocated'

/** What has to change in the status of a Service. */
export interface ServiceChange {
  /** A strategic merge patch; conditions of others and what is kept of the ingress stay. */
  readonly patch: object
  readonly events: readonly EventFacts[]
}

/** A Service whose status is to change. */
export interface Changing {
  readonly entry: Pick<Entry, 'uid' | 'resourceVersion' | 'condition'>
  readonly service: Service
}

/** The Service has what it asks for. Others may get an address by the next write. */
export function isSettled(condition: Condition | undefined): boolean {
  return condition?.status === 'True' && condition.reason === 'Allocated'
}

/** A new version of the Service, in which it is not settled. */
export function pendingChange({ entry }: Pick<Changing, 'entry'>, now: number): ServiceChange {
  const message = `what it is to have is worked out anew, after version ${entry.resourceVersion} of the Service`
  const condition = conditionOf('Unknown', 'Pending', message, entry.condition, now)
  return { patch: { metadata: versionOf(entry), status: { conditions: [condition] } }, events: [] }
}

/** Takes what was given to a Service that is not ours any more; nothing where we gave it nothing. */
export function releaseChange({ entry, service }: Changing, pools: Pools): ServiceChange | undefined {
  if (entry.condition === undefined) return undefined
  const { ingress } = service.status.loadBalancer
  const isOurs = (ip: string | undefined) => {
    const address = parseAddress(ip ?? '')
    return address !== undefined && pools.find(address) !== undefined
  }
  const rest = ingress.filter(({ ip }) => !isOurs(ip))
  const moved = rest.length < ingress.length
  const conditions = [{ type: SERVICE_CONDITION, $patch: 'delete' }]
  const lost = ingress.flatMap(({ ip }) => (isOurs(ip) ? [ip] : []))
  const facts = { type: 'Normal', reason: 'AddressReleased', message: `gave back ${lost.join(', ')}` } as const
  const about = aboutOf(service)
  return {
    patch: { metadata: versionOf(entry), status: { ...(moved && { loadBalancer: { ingress: rest } }), conditions } },
    events: moved ? [{ about, ...facts }] : [],
  }
}

/** The difference between what a Service is to have and what its status says; nothing when there is none. */
export function serviceChange(
  { addresses, reason, message }: Decision,
  changing: Changing,
  now: number,
): ServiceChange | undefined {
  const { entry, service } = changing
  const before = entry.condition
  const { ingress } = service.status.loadBalancer
  const shown = ingress.map(({ ip }) => ip ?? '')
  const moved = `${shown}` !== `${addresses}`
  const status = reason === 'Allocated' || reason === 'PartlyAllocated' ? 'True' : 'False'
  const text = message === '' ? `has ${addresses.join(', ')}` : message
  const told = before?.status === status && before.reason === reason && before.message === text
  if (!moved && told) return undefined
  if (moved && isSettled(before)) return pendingChange(changing, now)

  const condition = conditionOf(status, reason, text, before, now)
  const modeOf = new Map(ingress.map(({ ip, ipMode }) => [ip ?? '', ipMode]))
  const entries = addresses.map((ip) => ({ ip, ...(modeOf.get(ip) !== undefined && { ipMode: modeOf.get(ip) }) }))
  const about = aboutOf(service)
  return {
    patch: {
      metadata: versionOf(entry),
      status: { ...(moved && { loadBalancer: { ingress: entries } }), conditions: [condition] },
    },
    events: [
      ...(moved && addresses.length > 0 ? [movedEvent(about, shown, addresses)] : []),
      ...(!told && message !== '' ? [{ about, type: 'Warning' as const, reason, message }] : []),
    ],
  }
}

/** A Service that was changed since, or made anew by the same name, is left alone. */
function versionOf({ uid, resourceVersion }: Changing['entry']): object {
  return { uid, ...(resourceVersion !== '' && { resourceVersion }) }
}

function aboutOf({ metadata }: Service): EventFacts['about'] {
  const { name, namespace = 'default', uid = '' } = metadata
  return { apiVersion: 'v1', kind: 'Service', name, namespace, uid }
}

function conditionOf(
  status: Condition['status'],
  reason: string,
  message: string,
  before: Condition | undefined,
  now: number,
): Condition {
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : timestamp(now)
  return { type: SERVICE_CONDITION, status, reason, message, lastTransitionTime }
}

function movedEvent(about: EventFacts['about'], before: readonly string[], after: readonly string[]): EventFacts {
  const lost = before.filter((ip) => !after.includes(ip))
  const gained = after.filter((ip) => !before.includes(ip))
  if (lost.length === 0)
    return { about, type: 'Normal', reason: 'AddressAllocated', message: `got ${gained.join(', ')}` }
  const message = `has ${after.join(', ')} instead of ${before.join(', ')}`
  return { about, type: 'Normal', reason: 'AddressReallocated', message }
}
