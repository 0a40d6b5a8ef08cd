import { describe, expect, test } from 'vitest'
import { notYet } from '../../../src/objects/not-yet.ts'
import { parseObject } from '../../../src/objects/parse.ts'
import { advertisement, config, node, ours, peer, secret, service, verdict } from '../../fakes/objects.ts'

const problems = (raw: unknown, file?: string) => {
  const result = parseObject(raw, { position: 'document 2', ...(file && { file }) })
  return result.ok ? [] : result.problems
}

describe('refused, because this version does not do it, is', () => {
  test.each([
    ['BFD on a peer', peer('p', { bfdProfile: 'fast' }), 'spec.bfdProfile'],
    ['BFD in the mesh', config({ topology: { bfdProfile: 'fast' } }), 'spec.topology.bfdProfile'],
    ['VXLAN', config({ podNetwork: { encapsulation: 'CrossSubnet' } }), 'spec.podNetwork.encapsulation'],
    [
      'masquerade, asked for',
      config({ podNetwork: { masquerade: { enabled: true } } }),
      'spec.podNetwork.masquerade.enabled',
    ],
    [
      'exceptions from masquerade',
      config({ podNetwork: { masquerade: { excludeCIDRs: ['10.0.0.0/8'] } } }),
      'spec.podNetwork.masquerade.excludeCIDRs',
    ],
    ['CNI', config({ podNetwork: { cni: { enabled: true } } }), 'spec.podNetwork.cni.enabled'],
    ['graceful shutdown', config({ drain: { gracefulShutdownSeconds: 5 } }), 'spec.drain.gracefulShutdownSeconds'],
    ['drain on cordon', config({ drain: { onCordon: true } }), 'spec.drain.onCordon'],
    [
      'IPv4 aggregates',
      advertisement('a', { service: { aggregationLengthIPv4: 24 } }),
      'spec.service.aggregationLengthIPv4',
    ],
    [
      'IPv6 aggregates',
      advertisement('a', { service: { aggregationLengthIPv6: 64 } }),
      'spec.service.aggregationLengthIPv6',
    ],
    [
      'weights',
      advertisement('a', { service: { weightByLocalEndpoints: true } }),
      'spec.service.weightByLocalEndpoints',
    ],
    ['announcement on the link', ours('L2Advertisement', 'l', {}), ''],
    ['BFD profiles', ours('BFDProfile', 'b', {}), ''],
  ])('%s', (_, object, path) => {
    const faults = verdict(object)
    expect(faults.map((fault) => fault.path)).toEqual([path])
    expect(faults[0]?.message).toContain('not supported by this version')
  })

  test('every line of the table, by a row above', () => {
    expect(Object.values(notYet).flatMap((rows) => Object.keys(rows))).toHaveLength(13)
  })
})

describe('not refused is', () => {
  test.each([
    ['what asks for nothing new', config({ drain: { gracefulShutdownSeconds: 0, onCordon: false } })],
    ['masquerade left to the default', config({ podNetwork: { masquerade: {} } })],
    ['masquerade declined', config({ podNetwork: { masquerade: { enabled: false } } })],
    ['an object with the status it has in the API', { ...config(), status: { conditions: [{ type: 'Accepted' }] } }],
    [
      'a Node with fields we do not read',
      { ...node('n1'), spec: { podCIDRs: [], taints: [{ key: 'x' }], providerID: 'y' } },
    ],
  ])('%s', (_, object) => {
    expect(verdict(object)).toEqual([])
  })
})

describe('an object that cannot be told apart is refused:', () => {
  test.each([
    ['no object at all', 'text', 'document 2', '', 'expected an object, got "text"'],
    ['no kind', {}, 'document 2', 'kind', 'got nothing'],
    [
      'a kind that is not read',
      { apiVersion: 'apps/v1', kind: 'Deployment' },
      'document 2',
      'kind',
      'got "Deployment"',
    ],
    ['a kind that is only written', ours('NodeRouting', 'n1', {}), 'NodeRouting n1', 'kind', 'got "NodeRouting"'],
    [
      'an old version of a kind',
      { ...config(), apiVersion: 'routelet.io/v1' },
      'RoutingConfig default',
      'apiVersion',
      'expected routelet.io/v1alpha1, got "routelet.io/v1"',
    ],
  ])('%s', (_, raw, object, path, message) => {
    expect(problems(raw)).toEqual([{ kind: 'Invalid', object, path, message: expect.stringContaining(message) }])
  })
})

test('a problem says the file and the object', () => {
  expect(problems(peer('tor-1', { peerASN: 0 }), 'peers.yaml')).toEqual([
    {
      kind: 'Invalid',
      object: 'BGPPeer tor-1',
      file: 'peers.yaml',
      path: 'spec.peerASN',
      message: 'expected an integer from 1 to 4294967295, got 0',
    },
  ])
})

test('an object of a namespace is called by both names', () => {
  expect(problems(service('shop/web', { policy: 'Global' as 'Local' }))[0]?.object).toBe('Service shop/web')
})

test('what stands in a Secret does not get into a message', () => {
  const [problem] = problems(secret('tor', { password: 123456 as unknown as string }))
  expect(problem?.path).toBe('stringData["password"]')
  expect(problem?.message).toBe('expected a string')
})

test.each([
  ['a Node', { ...node('n1'), spec: { podCIDRs: ['10.1.0.0'] } }, 'spec.podCIDRs[0]'],
  ['a Service', service('shop/web', { addresses: ['1.2.3'] }), 'status.loadBalancer.ingress[0].ip'],
])('what we use of %s is checked', (_, object, path) => {
  expect(verdict(object).map((fault) => fault.path)).toEqual([path])
})
