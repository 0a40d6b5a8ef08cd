import { expect, test } from 'vitest'
import type { BestRoute } from '../../bgp/contract.ts'
import { address } from '../../routing/ip/address.ts'
import { formatPrefix, prefix, prefixWords } from '../../routing/ip/prefix.ts'
import type { Kernel } from '../../routing/kernel.ts'
import { AgentKernel } from '../../src/agent-kernel.ts'
import type { KernelIntent } from '../../src/contract.ts'

const INTENT: KernelIntent = {
  table: 254,
  metric: 1024,
  protocol: 179,
  maxPaths: 16,
  installLearned: true,
  blackholes: [],
  ownPrefixes: [],
  protectedAddresses: [],
  advertiseOn: [],
}

function kernel() {
  const calls: string[] = []
  const watchers: (() => void)[] = []
  const real: Partial<Kernel> = {
    configure: ({ table }) => void calls.push(`configure ${table}`),
    want: (words, nextHops, options) =>
      void calls.push(
        `want ${formatPrefix(words)} via ${nextHops.map((each) => each.nextHop)} ${JSON.stringify(options)}`,
      ),
    unwant: (words) => void calls.push(`unwant ${formatPrefix(words)}`),
    watchNextHops: (changed) => void watchers.push(changed),
    localSubnets: [prefix('10.0.0.0/24')],
    localAddresses: [address('10.0.0.1')],
    routers: new Map([['eth1', address('fe80::1')]]),
  }
  const links: string[][] = []
  const advertiser = { advertiseOn: (names: readonly string[]) => void links.push([...names]) }
  return { agent: new AgentKernel(real as Kernel, advertiser), calls, watchers, links }
}

const route = (...nextHops: string[]): BestRoute => ({
  prefix: prefixWords(prefix('10.1.0.0/16')),
  paths: nextHops.map((each) => ({ nextHop: address(each), weight: 1 })),
  namedByPolicy: true,
})

test('a best route is wanted with all its next hops, and no longer when it has none', () => {
  const { agent, calls } = kernel()
  agent.configure(INTENT)
  agent.route(route('10.0.0.2', '10.0.0.3'))
  agent.route(route())
  expect(calls).toEqual([
    'configure 254',
    'want 10.1.0.0/16 via 10.0.0.2,10.0.0.3 {"namedByPolicy":true}',
    'unwant 10.1.0.0/16',
  ])
})

test('nothing that is learned is installed where that is not wanted', () => {
  const { agent, calls } = kernel()
  agent.configure({ ...INTENT, installLearned: false })
  agent.route(route('10.0.0.2'))
  expect(calls).toEqual(['configure 254', 'unwant 10.1.0.0/16'])
})

test('who watches hears the local facts now and at each change', () => {
  const { agent, watchers } = kernel()
  const heard: unknown[] = []
  agent.watch((facts) => heard.push(facts))
  watchers[0]?.()
  const facts = { localSubnets: ['10.0.0.0/24'], localAddresses: ['10.0.0.1'], routers: new Map([['eth1', 'fe80::1']]) }
  expect(heard).toEqual([facts, facts])
})

test('routers are told of on the links where they are wanted', () => {
  const { agent, links } = kernel()
  agent.configure({ ...INTENT, advertiseOn: ['eth1'] })
  expect(links).toEqual([['eth1']])
})
