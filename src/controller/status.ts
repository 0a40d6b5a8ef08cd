import type { Decision } from '../ipam/allocate.ts'
import type { PoolUsage } from './pool-status.ts'

/** How a controller is doing; for health and metrics. */
export interface ControllerStatus {
  readonly version: string
  readonly leading: boolean
  readonly ready: boolean
  readonly waitingFor: readonly string[]
  /** Of the one that leads, once it has read everything. */
  readonly pools?: readonly PoolUsage[]
  /** Services by what became of what they ask for. */
  readonly services?: ReadonlyMap<Decision['reason'], number>
}
