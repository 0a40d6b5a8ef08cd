import { expect, test } from 'vitest'
import { address } from '../../../routing/ip/address.ts'
import { prefix, prefixWords } from '../../../routing/ip/prefix.ts'
import { kernelConfig, listQuery, wantOptions } from '../../../src/join/kernel-route.ts'

const ROUTE = { prefix: prefixWords(prefix('10.0.0.0/8')), paths: [], namedByPolicy: false }

test('the kernel is told the metric of a policy, and that a policy names the prefix', () => {
  expect(wantOptions(ROUTE)).toEqual({ metric: undefined, namedByPolicy: false })
  expect(wantOptions({ ...ROUTE, kernelMetric: 7, namedByPolicy: true })).toEqual({ metric: 7, namedByPolicy: true })
  expect(wantOptions({ ...ROUTE, discard: true })).toMatchObject({ discard: true })
})

test('the kernel is told all of the intent but whether learned routes are installed: that is decided before', () => {
  const config = {
    table: 254,
    metric: 1,
    protocol: 179,
    maxPaths: 4,
    blackholes: [],
    ownPrefixes: [],
    protectedAddresses: [],
    advertiseOn: [],
  }
  expect(kernelConfig({ ...config, installLearned: true })).toEqual(config)
})

test.each([
  [{}, {}],
  [{ family: 'ipv4-unicast' }, { family: 4 }],
  [
    { family: 'ipv6-unicast', limit: 3, cursor: '6.4' },
    { family: 6, limit: 3, cursor: '6.4' },
  ],
  [{ prefix: prefix('10.0.0.0/8') }, { prefix: '10.0.0.0/8' }],
  [{ address: address('10.0.0.1') }, { address: '10.0.0.1' }],
] as const)('%j asks the kernel side for %j', (query, expected) => {
  expect(listQuery(query)).toEqual(expected)
})
