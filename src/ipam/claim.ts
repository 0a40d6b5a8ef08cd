import { type Address, type Family, familyOf, parseAddress } from '../../routing/ip/address.ts'
import type { Labels } from '../desired/selectors.ts'
import type { Service } from '../objects/core-kinds.ts'

const ANNOTATION = {
  ips: 'routelet.io/ips',
  pool: 'routelet.io/pool',
  sharingKey: 'routelet.io/sharing-key',
  sharingCrossNamespace: 'routelet.io/sharing-cross-namespace',
} as const

/** What a Service asks of the allocator. */
export interface Claim {
  readonly uid: string
  /** `shop/web`. */
  readonly name: string
  readonly namespace: string
  readonly createdAt: string
  /** False: another load balancer gives it addresses; those it has are taken, and nothing is given to it. */
  readonly ours: boolean
  readonly labels: Labels
  readonly namespaceLabels: Labels
  /** The families it may have an address of, the first one first. */
  readonly families: readonly Family[]
  /** Less than all families will not do. */
  readonly needsAll: boolean
  readonly requested: readonly Address[]
  readonly pool?: string
  readonly sharing?: Sharing
  /** Why what it asks for makes no sense. */
  readonly fault?: string
  /** The addresses it has. */
  readonly addresses: readonly Address[]
  /** The addresses its status shows; what was given a moment ago, or taken away, is not seen yet. */
  readonly shown: readonly Address[]
}

export interface Sharing {
  readonly key: string
  /** `TCP/80`. */
  readonly ports: readonly string[]
  /** Services that share an address send its traffic to the same nodes. */
  readonly backend: string
  /** Namespaces it shares with besides its own; `*`: all. */
  readonly namespaces: readonly string[]
}

/** Reads what a Service asks for; `namespaceLabels` are those of its namespace. */
export function claimOf(service: Service, namespaceLabels: Labels, isOurs: (service: Service) => boolean): Claim {
  const { metadata, spec, status } = service
  const namespace = metadata.namespace ?? 'default'
  const families = familiesOf(service)
  const asked = metadata.annotations[ANNOTATION.ips]
  const texts = asked === undefined ? [spec.loadBalancerIP ?? ''] : asked.split(',')
  const wanted = texts.map((text) => text.trim()).filter((text) => text !== '')
  const requested = wanted.flatMap((text) => parseAddress(text) ?? [])
  const fault =
    asked !== undefined && (spec.loadBalancerIP ?? '') !== ''
      ? `${ANNOTATION.ips} and spec.loadBalancerIP exclude each other`
      : faultOf(wanted, requested, families)
  const pool = metadata.annotations[ANNOTATION.pool]
  const sharing = sharingOf(service)
  const shown = status.loadBalancer.ingress.flatMap(({ ip }) => (ip === undefined ? [] : (parseAddress(ip) ?? [])))
  return {
    uid: metadata.uid ?? `${namespace}/${metadata.name}`,
    name: `${namespace}/${metadata.name}`,
    namespace,
    createdAt: metadata.creationTimestamp ?? '',
    ours: isOurs(service),
    labels: metadata.labels,
    namespaceLabels: { ...namespaceLabels, 'kubernetes.io/metadata.name': namespace },
    families,
    needsAll: spec.ipFamilyPolicy !== 'PreferDualStack',
    requested,
    ...(pool !== undefined && { pool }),
    ...(sharing && { sharing }),
    ...(fault !== undefined && { fault }),
    addresses: shown,
    shown,
  }
}

function familiesOf({ spec }: Service): Family[] {
  const named = spec.ipFamilies.map((name): Family => (name === 'IPv6' ? 6 : 4))
  const families = named.length > 0 ? named : [...new Set(spec.clusterIPs.filter((ip) => ip !== 'None').map(familyOf))]
  const all: Family[] = families.length > 0 ? families : [4]
  return spec.ipFamilyPolicy === 'SingleStack' ? all.slice(0, 1) : all
}

function faultOf(wanted: readonly string[], requested: readonly Address[], families: readonly Family[]) {
  const bad = wanted.find((text) => parseAddress(text) === undefined)
  if (bad !== undefined) return `expected IP addresses joined by commas, got ${JSON.stringify(bad)}`
  const other = requested.find((address) => !families.includes(familyOf(address)))
  if (other !== undefined) return `${other} is of another family than the Service`
  if (new Set(requested.map(familyOf)).size < requested.length) return 'expected at most one address of each family'
  return undefined
}

function sharingOf({ metadata, spec }: Service): Sharing | undefined {
  const key = metadata.annotations[ANNOTATION.sharingKey] ?? ''
  if (key === '') return undefined
  const local = spec.externalTrafficPolicy === 'Local'
  const selector = Object.entries(spec.selector).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const namespaces = (metadata.annotations[ANNOTATION.sharingCrossNamespace] ?? '').split(',')
  return {
    key,
    ports: spec.ports.map(({ protocol, port }) => `${protocol}/${port}`),
    backend: local ? `Local ${JSON.stringify(selector)}` : 'Cluster',
    namespaces: namespaces.map((name) => name.trim()).filter((name) => name !== ''),
  }
}
