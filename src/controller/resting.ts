import { type Address, parseAddress } from '../../routing/ip/address.ts'
import type { Pools } from '../ipam/pools.ts'
import { timestamp } from '../kube/conditions.ts'
import type { Entry } from '../kube/object-cache.ts'
import { isRecord } from '../objects/read.ts'

/** An address that rests, as the status of its pool has it. */
export interface Resting {
  readonly address: Address
  readonly until: string
}

/** As many as the status has room for. */
const MOST = 4096

/** The addresses that rest, with the name of their pool; of each pool those that rest longest. */
export function restingByPool(resting: ReadonlyMap<Address, number>, pools: Pools): Map<string, Resting[]> {
  const byPool = new Map<string, Resting[]>()
  for (const [address, until] of [...resting].toSorted(([, a], [, b]) => b - a)) {
    const name = pools.find(address)?.name
    if (name === undefined) continue
    const list = byPool.get(name) ?? []
    if (list.length < MOST) list.push({ address, until: timestamp(until) })
    byPool.set(name, list)
  }
  return byPool
}

/**
 * What the controller before has left in the status of the pools: address → when it has rested, in wall time. Clocks
 * may differ: none rests longer from `now` than its pool says.
 */
export function restingBefore(entries: readonly Entry[], pools: Pools, now: number): Map<Address, number> {
  const resting = new Map<Address, number>()
  for (const { kind, name, status } of entries) {
    const longest = now + (pools.named.get(name)?.spec.reuseDelaySeconds ?? 0) * 1000
    const list = kind === 'IPAddressPool' && isRecord(status) ? status['resting'] : undefined
    for (const one of Array.isArray(list) ? list : []) {
      const address = parseAddress(String(one?.address))
      const until = Math.min(longest, Date.parse(String(one?.until)))
      if (address !== undefined && until > now) resting.set(address, until)
    }
  }
  return resting
}
