import type { PeerStatus, RoutePage, RouteQuery } from '../../bgp/contract.ts'
import { API_VERSION, type Document, type ErrorCode, type KernelRouteItem, type StatusDocument } from './contract.ts'
import { parseRouteQuery } from './query.ts'

/** What the API shows; the core is the real one. */
export interface View {
  status(): StatusDocument
  peers(): readonly PeerStatus[]
  routes(query: RouteQuery): RoutePage
  /** Absent on a reflector. */
  kernelRoutes?(query: KernelRouteQuery): { readonly routes: readonly KernelRouteItem[]; readonly cursor?: string }
}

export type KernelRouteQuery = Pick<RouteQuery, 'family' | 'prefix' | 'address' | 'cursor' | 'limit'>

export interface Answer {
  readonly status: number
  readonly document: Document
}

/** Answers one request of the local API; `target` is the path with its query. */
export function answer(view: View, method: string, target: string): Answer {
  // Anybody may send anything, so nothing here may throw as `new URL` does.
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const resource = RESOURCES.get(path)
  if (!resource) return refusal(404, 'NotFound', `no such resource; there is ${[...RESOURCES.keys()].join(', ')}`)
  if (method !== 'GET') return refusal(405, 'MethodNotAllowed', 'only GET is served here')
  return resource(view, new URLSearchParams(query))
}

/** A fault of ours while answering: who asked hears of it, and routing goes on, for questions change nothing. */
export function internalError(): Answer {
  return refusal(500, 'InternalError', 'routelet failed to answer; its log says why')
}

const RESOURCES: ReadonlyMap<string, (view: View, parameters: URLSearchParams) => Answer> = new Map([
  ['/v1/status', (view: View) => ({ status: 200, document: view.status() })],
  ['/v1/peers', peers],
  ['/v1/routes', routes],
])

function peers(view: View, parameters: URLSearchParams): Answer {
  const name = parameters.get('name')
  const items = view.peers().filter((peer) => name === null || isCalled(peer, name))
  if (name !== null && items.length === 0) return unknownPeer(view, name)
  return { status: 200, document: { apiVersion: API_VERSION, kind: 'PeerList', items } }
}

function routes(view: View, parameters: URLSearchParams): Answer {
  const parsed = parseRouteQuery(parameters)
  if ('problems' in parsed) return refusal(400, 'BadRequest', parsed.problems.join('; '))
  const { kernel, query } = parsed
  if (kernel) return kernelRoutes(view, query)

  const named = withPeerNames(view, query)
  if ('unknown' in named) return unknownPeer(view, named.unknown)
  const page = view.routes(named.query)
  return {
    status: 200,
    document: {
      apiVersion: API_VERSION,
      kind: 'RouteList',
      items: page.routes,
      ...(page.cursor !== undefined && { cursor: page.cursor }),
    },
  }
}

function kernelRoutes(view: View, query: RouteQuery): Answer {
  if (!view.kernelRoutes) return refusal(404, 'NoKernel', 'a reflector installs no routes into the kernel')
  const page = view.kernelRoutes(query)
  return {
    status: 200,
    document: {
      apiVersion: API_VERSION,
      kind: 'KernelRouteList',
      items: page.routes,
      ...(page.cursor !== undefined && { cursor: page.cursor }),
    },
  }
}

/** People name a peer by its address as readily as by its name; the speaker knows names only. */
function withPeerNames(view: View, query: RouteQuery): { query: RouteQuery } | { unknown: string } {
  let named = query
  for (const field of ['receivedFrom', 'advertisedTo'] as const) {
    const asked = query[field]
    if (asked === undefined || (field === 'receivedFrom' && asked === 'local')) continue
    const peer = view.peers().find((candidate) => isCalled(candidate, asked))
    if (!peer) return { unknown: asked }
    named = { ...named, [field]: peer.name }
  }
  return { query: named }
}

function isCalled(peer: PeerStatus, name: string): boolean {
  return peer.name === name || peer.remoteAddress === name
}

function unknownPeer(view: View, name: string): Answer {
  const names = view.peers().map((peer) => peer.name)
  const known = names.length === 0 ? 'there is none' : `there is ${names.slice(0, 20).join(', ')}`
  return refusal(404, 'UnknownPeer', `no peer has the name or address ${name}; ${known}`)
}

function refusal(status: number, code: ErrorCode, message: string): Answer {
  return { status, document: { apiVersion: API_VERSION, kind: 'Error', code, message } }
}
