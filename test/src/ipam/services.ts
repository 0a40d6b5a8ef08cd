import { type Claim, claimOf } from '../../../src/ipam/claim.ts'
import { type Pools, poolsOf } from '../../../src/ipam/pools.ts'
import type { Service } from '../../../src/objects/core-kinds.ts'
import { ours, parsed } from '../../fakes/objects.ts'

export interface Facts {
  readonly has?: readonly string[]
  readonly ips?: string
  readonly loadBalancerIP?: string
  readonly pool?: string
  readonly key?: string
  readonly crossNamespace?: string
  readonly ports?: readonly string[]
  readonly local?: boolean
  readonly selector?: Readonly<Record<string, string>>
  readonly families?: readonly ('IPv4' | 'IPv6')[]
  readonly policy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
  readonly labels?: Readonly<Record<string, string>>
  readonly namespaceLabels?: Readonly<Record<string, string>>
  readonly class?: string
  readonly age?: number
}

/** What the Service `shop/web` asks for; its uid is its name. */
export function claim(name: string, facts: Facts = {}): Claim {
  const service = serviceObject(name, facts)
  return claimOf(service, facts.namespaceLabels ?? {}, ({ spec }) => spec.loadBalancerClass === 'routelet.io/lb')
}

export function serviceObject(fullName: string, facts: Facts): Service {
  const [namespace = '', name = ''] = fullName.split('/')
  const annotations = Object.entries({
    'routelet.io/ips': facts.ips,
    'routelet.io/pool': facts.pool,
    'routelet.io/sharing-key': facts.key,
    'routelet.io/sharing-cross-namespace': facts.crossNamespace,
  }).filter(([, value]) => value !== undefined)
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      namespace,
      name,
      uid: fullName,
      labels: facts.labels ?? {},
      annotations: Object.fromEntries(annotations),
      creationTimestamp: new Date(Date.UTC(2030, 0, 1, 0, 0, facts.age ?? 0)).toISOString(),
    },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: facts.class ?? 'routelet.io/lb',
      ipFamilies: facts.families ?? ['IPv4'],
      ipFamilyPolicy: facts.policy ?? 'SingleStack',
      externalTrafficPolicy: facts.local ? 'Local' : 'Cluster',
      selector: facts.selector ?? { app: name },
      ports: (facts.ports ?? ['TCP/80']).map((text) => ({
        protocol: text.split('/')[0],
        port: Number(text.split('/')[1]),
      })),
      ...(facts.loadBalancerIP !== undefined && { loadBalancerIP: facts.loadBalancerIP }),
    },
    status: { loadBalancer: { ingress: (facts.has ?? []).map((ip) => ({ ip })) } },
  }
  return parsed(object)[0] as Service
}

/** Pools by name, the oldest first: their addresses, or their whole spec. */
export function pools(specs: Readonly<Record<string, readonly string[] | object>>): Pools {
  const objects = Object.entries(specs).map(([name, spec]) =>
    ours('IPAddressPool', name, Array.isArray(spec) ? { addresses: spec } : spec),
  )
  return poolsOf(parsed(...objects).flatMap((object) => (object.kind === 'IPAddressPool' ? [object] : [])))
}
