import type { BestRoute, RouteQuery } from '../../bgp/contract.ts'
import type { ListQuery } from '../../routing/fib/route-list.ts'
import type { KernelConfig, WantOptions } from '../../routing/kernel.ts'
import type { KernelIntent } from '../contract.ts'

/** How BGP's words and the kernel's meet: neither side knows the other. */

export function kernelConfig(intent: KernelIntent): KernelConfig {
  const { installLearned: _, ...config } = intent
  return config
}

/** What the kernel is told of a best route besides its next hops. */
export function wantOptions({ kernelMetric, namedByPolicy, discard }: BestRoute): WantOptions {
  return { metric: kernelMetric, namedByPolicy, ...(discard && { discard }) }
}

export function listQuery({ family, ...rest }: Pick<RouteQuery, 'family' | keyof ListQuery>): ListQuery {
  const { prefix, address, cursor, limit } = rest
  return {
    ...(family !== undefined && { family: family === 'ipv4-unicast' ? 4 : 6 }),
    ...(prefix !== undefined && { prefix }),
    ...(address !== undefined && { address }),
    ...(cursor !== undefined && { cursor }),
    ...(limit !== undefined && { limit }),
  }
}
