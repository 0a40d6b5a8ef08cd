import { type Address, type Family, familyOf } from '../../routing/ip/address.ts'
import type { Problem } from '../contract.ts'
import { type Pool, type Pools, sizeOf } from '../ipam/pools.ts'
import type { Condition } from '../kinds/common.ts'
import { problemText } from '../kube/conditions.ts'

/** Type of the condition on an IPAddressPool that says whether it can give out addresses. */
export const POOL_CONDITION = 'Available'

export interface Usage {
  readonly total: number
  readonly assigned: number
  readonly free: number
}

export interface PoolUsage {
  readonly pool: Pool
  /** Of the families the pool has. */
  readonly families: Readonly<Partial<Record<Family, Usage>>>
}

/** How much of each pool is in use. */
export function poolUsage(pools: Pools, taken: readonly Address[]): PoolUsage[] {
  const assigned = new Map<string, number>()
  for (const address of taken) {
    const pool = pools.find(address)
    if (pool === undefined) continue
    const key = `${familyOf(address)} ${pool.name}`
    assigned.set(key, (assigned.get(key) ?? 0) + 1)
  }
  return pools.inOrder.map((pool) => {
    const usage = (family: Family) => {
      if (pool.whole[family].length === 0) return {}
      const total = safe(sizeOf(pool, family))
      const used = assigned.get(`${family} ${pool.name}`) ?? 0
      return { [family]: { total, assigned: used, free: Math.max(0, total - used) } }
    }
    return { pool, families: { ...usage(4), ...usage(6) } }
  })
}

/** The condition `Available`, without its time, of a pool whose newest version has faults. */
export function invalidCondition(
  problems: readonly Problem[],
  hasGood: boolean,
): Omit<Condition, 'lastTransitionTime'> {
  const consequence = hasGood ? 'what it said before stays in force' : 'it gives out nothing'
  return no('Invalid', `${consequence}: ${problemText(problems)}`)
}

/** The condition `Available`, without its time. */
export function poolCondition({ pool, families }: PoolUsage): Omit<Condition, 'lastTransitionTime'> {
  if (pool.overlaps !== undefined)
    return no(
      'Overlap',
      `it overlaps the older IPAddressPool ${pool.overlaps} and gives out nothing; what it gave stays`,
    )
  const full = ([4, 6] as const).filter((family) => families[family]?.free === 0)
  const sentence =
    full.length === 0 ? 'addresses are free' : `no ${full.map((f) => `IPv${f}`).join(' or ')} address is free`
  if (full.length > 0 && full.length === Object.keys(families).length) return no('Exhausted', sentence)
  return { type: POOL_CONDITION, status: 'True', reason: 'AddressesFree', message: sentence }
}

function no(reason: string, message: string) {
  return { type: POOL_CONDITION, status: 'False', reason, message } as const
}

/** JSON has no larger integers that everybody reads alike. */
function safe(count: bigint): number {
  return count > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(count)
}
