import { describe, expect, test } from 'vitest'
import type { RouteQuery } from '../../../bgp/contract.ts'
import { address } from '../../../routing/ip/address.ts'
import { answer, type View } from '../../../src/api/handlers.ts'
import { kernelRoute, peerStatus, routeView, statusDocument } from '../../fakes/view.ts'

const peers = [peerStatus(), peerStatus({ name: 'tor-2', remoteAddress: address('192.0.2.2') })]

function view(changes: Partial<View> = {}): View & { readonly asked: RouteQuery[] } {
  const asked: RouteQuery[] = []
  return {
    asked,
    status: () => statusDocument(),
    peers: () => peers,
    routes: (query) => {
      asked.push(query)
      return { routes: [routeView()], cursor: 'next' }
    },
    kernelRoutes: (query) => {
      asked.push(query)
      return { routes: [kernelRoute()] }
    },
    ...changes,
  }
}

const get = (target: string, of: View = view()) => answer(of, 'GET', target)

describe('the local API', () => {
  test('gives the status', () => {
    expect(get('/v1/status')).toEqual({ status: 200, document: statusDocument() })
  })

  test('gives all peers', () => {
    expect(get('/v1/peers').document).toEqual({ apiVersion: 'routelet.io/cli/v1', kind: 'PeerList', items: peers })
  })

  test.each(['tor-2', '192.0.2.2'])('gives the peer called %s', (name) => {
    expect(get(`/v1/peers?name=${name}`).document).toMatchObject({ items: [peers[1]] })
  })

  test('gives routes with the cursor of the next page', () => {
    expect(get('/v1/routes').document).toEqual({
      apiVersion: 'routelet.io/cli/v1',
      kind: 'RouteList',
      items: [routeView()],
      cursor: 'next',
    })
  })

  test.each([
    ['', { limit: 250 }],
    ['family=ipv6-unicast', { family: 'ipv6-unicast', limit: 250 }],
    ['prefix=10.1.2.3/24', { prefix: '10.1.2.0/24', limit: 250 }],
    ['address=10.1.2.3', { address: '10.1.2.3', limit: 250 }],
    ['receivedFrom=tor-1', { receivedFrom: 'tor-1', limit: 250 }],
    ['receivedFrom=192.0.2.2', { receivedFrom: 'tor-2', limit: 250 }],
    ['receivedFrom=local', { receivedFrom: 'local', limit: 250 }],
    ['advertisedTo=192.0.2.1', { advertisedTo: 'tor-1', limit: 250 }],
    ['allPaths=true&limit=5&cursor=4.12', { allPaths: true, limit: 5, cursor: '4.12' }],
    ['kernel=true&prefix=10.0.0.0/8', { prefix: '10.0.0.0/8', limit: 250 }],
    ['kernel=false', { limit: 250 }],
  ])('asks for routes by %s', (query, expected) => {
    const asked = view()
    expect(get(`/v1/routes?${query}`, asked).status).toBe(200)
    expect(asked.asked).toEqual([expected])
  })

  test('gives routes of the kernel', () => {
    expect(get('/v1/routes?kernel=true').document).toEqual({
      apiVersion: 'routelet.io/cli/v1',
      kind: 'KernelRouteList',
      items: [kernelRoute()],
    })
  })

  const { kernelRoutes: _, ...reflector } = view()
  test.each([
    ['GET', '/v2/status', view(), 404, 'NotFound', 'there is /v1/status, /v1/peers, /v1/routes'],
    ['POST', '/v1/status', view(), 405, 'MethodNotAllowed', 'only GET'],
    ['GET', '/v1/peers?name=tor-9', view(), 404, 'UnknownPeer', 'name or address tor-9; there is tor-1, tor-2'],
    ['GET', '/v1/routes?receivedFrom=tor-9', view(), 404, 'UnknownPeer', 'tor-9'],
    ['GET', '/v1/routes?advertisedTo=local', view({ peers: () => [] }), 404, 'UnknownPeer', 'there is none'],
    ['GET', '/v1/routes?kernel=true', reflector, 404, 'NoKernel', 'a reflector installs no routes'],
    [
      'GET',
      '/v1/routes?prefix=10.0.0.0',
      view(),
      400,
      'BadRequest',
      'prefix: expected a prefix such as 10.1.0.0/24, got "10.0.0.0"',
    ],
    ['GET', '/v1/routes?address=x', view(), 400, 'BadRequest', 'address: expected an IP address, got "x"'],
    ['GET', '/v1/routes?family=ipv4', view(), 400, 'BadRequest', 'family: expected ipv4-unicast or ipv6-unicast'],
    ['GET', '/v1/routes?limit=0', view(), 400, 'BadRequest', 'limit: expected 1 to 1000'],
    ['GET', '/v1/routes?limit=1001', view(), 400, 'BadRequest', 'limit: expected 1 to 1000'],
    ['GET', '/v1/routes?allPaths=yes', view(), 400, 'BadRequest', 'allPaths: expected true or false'],
    ['GET', '/v1/routes?kernel=1', view(), 400, 'BadRequest', 'kernel: expected true or false'],
    ['GET', '/v1/routes?cursor=x', view(), 400, 'BadRequest', 'cursor: expected the cursor of the page before'],
    ['GET', '/v1/routes?constructor=x', view(), 400, 'BadRequest', 'constructor: no such parameter'],
    ['GET', '//', view(), 404, 'NotFound', 'no such resource'],
    ['GET', 'http://[', view(), 404, 'NotFound', 'no such resource'],
    ['GET', 'constructor', view(), 404, 'NotFound', 'no such resource'],
    ['GET', '/v1/routes?color=red', view(), 400, 'BadRequest', 'color: no such parameter'],
    [
      'GET',
      '/v1/routes?receivedFrom=a&advertisedTo=b',
      view(),
      400,
      'BadRequest',
      'receivedFrom and advertisedTo exclude each other',
    ],
    ['GET', '/v1/routes?kernel=true&advertisedTo=b', view(), 400, 'BadRequest', 'advertisedTo and kernel exclude'],
    ['GET', '/v1/routes?prefix=10.0.0.0/8&address=10.0.0.1', view(), 400, 'BadRequest', 'prefix and address exclude'],
  ])('refuses %s %s', (method, target, of, status, code, words) => {
    const { status: got, document } = answer(of, method, target)
    expect(got).toBe(status)
    expect(document).toMatchObject({ apiVersion: 'routelet.io/cli/v1', kind: 'Error', code })
    expect(document).toHaveProperty('message', expect.stringContaining(words))
  })

  test('names every wrong parameter', () => {
    expect(get('/v1/routes?limit=x&family=y').document).toHaveProperty(
      'message',
      expect.stringMatching(/limit.*; family/),
    )
  })
})
