import { API_VERSION } from '../kinds/kind.ts'
import { configurationKinds } from '../kinds/kinds.ts'

/** A kind that is followed: where its list is. */
export interface Resource {
  readonly kind: string
  readonly apiVersion: string
  /** `/api/v1/nodes`. */
  readonly path: string
  /** One of our own kinds: its CRD may be missing. */
  readonly ours: boolean
}

/** What a role has to know. The roles in `manifests/` allow exactly this. */
export function followedResources(role: 'agent' | 'reflector' | 'controller', namespace: string): Resource[] {
  if (role === 'controller')
    return [ours('IPAddressPool'), core('Namespace', '/api/v1/namespaces'), core('Service', '/api/v1/services')]
  const both = [ours('RoutingConfig'), core('Node', '/api/v1/nodes'), secrets(namespace)]
  if (role === 'reflector') return both
  return [
    ...both,
    ...configurationKinds.filter(({ kind }) => kind !== 'RoutingConfig').map(({ kind }) => ours(kind)),
    core('Namespace', '/api/v1/namespaces'),
    core('Service', '/api/v1/services'),
    {
      kind: 'EndpointSlice',
      apiVersion: 'discovery.k8s.io/v1',
      path: '/apis/discovery.k8s.io/v1/endpointslices',
      ours: false,
    },
  ]
}

/** Path of one object of our kinds. */
export function objectPath(kind: string, name: string): string {
  return `${ours(kind).path}/${encodeURIComponent(name)}`
}

function ours(kind: string): Resource {
  const plural = kind === 'NodeRouting' ? 'noderoutings' : configurationKinds.find((one) => one.kind === kind)?.plural
  return { kind, apiVersion: API_VERSION, path: `/apis/${API_VERSION}/${plural}`, ours: true }
}

function core(kind: string, path: string): Resource {
  return { kind, apiVersion: 'v1', path, ours: false }
}

function secrets(namespace: string): Resource {
  return core('Secret', `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`)
}
