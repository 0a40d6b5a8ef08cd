import { describe, expect, test } from 'vitest'
import { DEFAULTS, type NodeFlags, readNodeOptions, type Surroundings } from '../../src/options.ts'

const flags = (changes: Partial<NodeFlags> = {}): NodeFlags => ({ ...DEFAULTS, config: '/etc/routelet', ...changes })
const around = (env: Surroundings['env'] = {}): Surroundings => ({ env, hostName: 'Host.Example' })

function options(changes: Partial<NodeFlags> = {}, env: Surroundings['env'] = {}) {
  const read = readNodeOptions('agent', flags(changes), around(env))
  if ('problems' in read) throw new TypeError(read.problems.join('\n'))
  return read.options
}

describe('the flags of a node', () => {
  test('have the documented defaults', () => {
    expect(options()).toEqual({
      role: 'agent',
      source: { type: 'files', path: '/etc/routelet' },
      node: 'host.example',
      namespace: 'routelet-system',
      socket: '/run/routelet/routelet.sock',
      stateDir: '/var/lib/routelet',
      http: { address: '127.0.0.1', port: 9179 },
      logLevel: 'info',
    })
  })

  test('are frozen once read', () => {
    expect(Object.isFrozen(options())).toBe(true)
  })

  test.each([
    ['the flag', options({ node: 'n1' }, { NODE_NAME: 'n2' }), 'n1'],
    ['NODE_NAME', options({}, { NODE_NAME: 'n2' }), 'n2'],
    ['the host name', options(), 'host.example'],
  ])('the name of the node comes from %s', (_, { node }, name) => {
    expect(node).toBe(name)
  })

  test.each([
    ['[::]:80', { address: '::', port: 80 }],
    ['0.0.0.0:65535', { address: '0.0.0.0', port: 65_535 }],
  ])('--http takes %s', (text, http) => {
    expect(options({ http: text }).http).toEqual(http)
  })

  test('objects come from the API inside a cluster, and by a kubeconfig anywhere', () => {
    const { config: _, ...bare } = flags()
    const inside = readNodeOptions('agent', bare, around({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }))
    expect(inside).toMatchObject({ options: { source: { type: 'kubernetes' } } })
    const outside = readNodeOptions('agent', { ...bare, kubeconfig: '/k' }, around())
    expect(outside).toMatchObject({ options: { source: { type: 'kubernetes', kubeconfig: '/k' } } })
  })

  test.each([
    [{ kubeconfig: '/k' }, '--config and --kubeconfig exclude each other'],
    [{ http: '127.0.0.1' }, '--http: expected ADDRESS:PORT'],
    [{ http: '127.0.0.1:0' }, '--http: expected'],
    [{ http: 'localhost:80' }, '--http: expected'],
    [{ http: ':80' }, '--http: expected'],
    [{ node: '' }, '--node: expected a Kubernetes name'],
    [{ socket: '' }, '--socket: expected a path, got nothing'],
    [{ socket: `/${'x'.repeat(107)}` }, '--socket: expected a path of at most 107 octets, got 108'],
    [{ stateDir: '' }, '--state-dir: expected a path, got nothing'],
    [{ logLevel: 'trace' }, '--log-level: expected one of'],
  ])('%j are refused', (changes, words) => {
    expect(readNodeOptions('agent', flags(changes), around())).toEqual({ problems: [expect.stringContaining(words)] })
  })
})
