import type { Decision } from '../ipam/allocate.ts'
import type { Condition } from '../kinds/common.ts'
import { timestamp } from '../kube/conditions.ts'
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

/** The difference between what a Service is to have and what its status says; nothing when there is none. */
export function serviceChange(
  { claim, addresses, reason, message }: Decision,
  service: Service,
  before: Condition | undefined,
  now: number,
): ServiceChange | undefined {
  const { ingress } = service.status.loadBalancer
  const shown = ingress.map(({ ip }) => ip ?? '')
  const moved = `${shown}` !== `${addresses}`
  const status = reason === 'Allocated' || reason === 'PartlyAllocated' ? 'True' : 'False'
  const text = message === '' ? `has ${addresses.join(', ')}` : message
  const told = before?.status === status && before.reason === reason && before.message === text
  if (!moved && told) return undefined

  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : timestamp(now)
  const condition = { type: SERVICE_CONDITION, status, reason, message: text, lastTransitionTime }
  const modeOf = new Map(ingress.map(({ ip, ipMode }) => [ip ?? '', ipMode]))
  const entries = addresses.map((ip) => ({ ip, ...(modeOf.get(ip) !== undefined && { ipMode: modeOf.get(ip) }) }))
  const object = { apiVersion: 'v1', kind: 'Service', name: service.metadata.name, namespace: claim.namespace }
  const about = { ...object, uid: claim.uid }
  return {
    // With the uid, a Service that was made anew by the same name is left alone.
    patch: {
      metadata: { uid: claim.uid },
      status: { ...(moved && { loadBalancer: { ingress: entries } }), conditions: [condition] },
    },
    events: [
      ...(moved && addresses.length > 0 ? [movedEvent(about, shown, addresses)] : []),
      ...(!told && message !== '' ? [{ about, type: 'Warning' as const, reason, message }] : []),
    ],
  }
}

function movedEvent(about: EventFacts['about'], before: readonly string[], after: readonly string[]): EventFacts {
  const lost = before.filter((ip) => !after.includes(ip))
  const gained = after.filter((ip) => !before.includes(ip))
  if (lost.length === 0)
    return { about, type: 'Normal', reason: 'AddressAllocated', message: `got ${gained.join(', ')}` }
  const message = `has ${after.join(', ')} instead of ${before.join(', ')}`
  return { about, type: 'Normal', reason: 'AddressReallocated', message }
}
