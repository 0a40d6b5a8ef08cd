import { beforeEach, describe, expect, test } from 'vitest'
import { Groups } from '../../../routing/fib/groups.ts'
import { Intents, type NextHop, type Resolution } from '../../../routing/fib/intents.ts'
import { TargetTable } from '../../../routing/fib/targets.ts'
import { type Address, address } from '../../../routing/ip/address.ts'
import { hops } from '../../contracts/kernel-routes.ts'

describe('intents', () => {
  let reachable: Map<string, number>
  let targets: TargetTable
  let intents: Intents
  const resolve = (nextHop: Address): Resolution => {
    const interfaceIndex = reachable.get(nextHop)
    if (interfaceIndex === undefined) return { resolvable: false, cost: 1, because: 'NextHopUnreachable' }
    return { resolvable: true, cost: 0, interfaceIndex, gateway: nextHop }
  }
  const rules = { resolve, metric: 1024, maxPaths: 4 }

  beforeEach(() => {
    reachable = new Map([
      ['192.0.2.1', 3],
      ['192.0.2.2', 3],
    ])
    targets = new TargetTable()
    intents = new Intents(targets, new Groups(targets, false), rules)
  })

  const gatewaysOf = (id: number) => targets.get(intents.targetOf(id))?.nextHops.map((hop) => hop.gateway)

  test('the same array, an equal one and one in another order are the same', () => {
    const array = hops('192.0.2.1', '192.0.2.2*3')
    const id = intents.intern(array, undefined)
    expect(intents.intern(array, undefined)).toBe(id)
    expect(intents.intern(hops('192.0.2.1', '192.0.2.2*3'), undefined)).toBe(id)
    expect(intents.intern(hops('192.0.2.2*3', '192.0.2.1'), undefined)).toBe(id)
    expect(intents.size).toBe(1)
  })

  test('another metric, weight or interface is another', () => {
    const array = hops('192.0.2.1', '192.0.2.2')
    const ids = [
      intents.intern(array, undefined),
      intents.intern(array, 20),
      intents.intern(hops('192.0.2.1', '192.0.2.2*2'), undefined),
      intents.intern(hops('192.0.2.1%eth0', '192.0.2.2'), undefined),
    ]
    expect(new Set(ids).size).toBe(4)
    expect(ids.map((id) => intents.metricOf(id))).toEqual([1024, 20, 1024, 1024])
  })

  test('leads over the next hops that can be used', () => {
    const id = intents.intern(hops('192.0.2.1', '203.0.113.1'), undefined)
    expect(gatewaysOf(id)).toEqual(['192.0.2.1'])
    reachable.set('203.0.113.1', 5)
    expect(intents.resolveAll(rules)).toBe(true)
    expect(gatewaysOf(id)).toEqual(['192.0.2.1', '203.0.113.1'])
    expect(intents.resolveAll(rules)).toBe(false)
  })

  test('leads nowhere when none can, and says why', () => {
    const id = intents.intern(hops('203.0.113.1'), undefined)
    expect(intents.targetOf(id)).toBe(0)
    expect(intents.inactiveBecause(id)).toBe('NextHopUnreachable')
    reachable.set('203.0.113.1', 5)
    intents.resolveAll(rules)
    expect(intents.inactiveBecause(id)).toBeUndefined()
  })

  test('counts usable next hops towards the most there may be', () => {
    const id = intents.intern(hops('203.0.113.1', '192.0.2.1', '192.0.2.2'), undefined)
    intents.resolveAll({ ...rules, maxPaths: 1 })
    expect(gatewaysOf(id)).toEqual(['192.0.2.1'])
  })

  test('what is swept is made anew, even from an array that is known', () => {
    const array: NextHop[] = [{ nextHop: address('192.0.2.1'), weight: 1 }]
    const swept = intents.intern(array, undefined)
    intents.sweep(new Uint8Array(intents.end))
    expect(intents.size).toBe(0)
    const other = intents.intern(hops('192.0.2.2'), undefined)
    expect(other).toBe(swept)
    expect(gatewaysOf(intents.intern(array, undefined))).toEqual(['192.0.2.1'])
  })
})
