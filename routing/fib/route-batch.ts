import type { Family } from '../ip/address.ts'
import type { PrefixWords } from '../ip/prefix.ts'
import type { GroupId, KernelNextHop, KernelTarget } from './kernel-target.ts'

/** Sent together: some 1.5 ms of kernel time, and its replies fit a receive buffer of the default size. */
export const BATCH_ROUTES = 500

export const Operation = {
  /** There must be no route with this prefix and metric, whoever owns it. */
  Add: 1,
  /** Our route with this prefix and metric is there and changes. */
  Replace: 2,
  /** Our route with `metric` goes. */
  Delete: 3,
} as const
export type Operation = (typeof Operation)[keyof typeof Operation]

/** A next-hop group that is made, changed, or removed. */
export interface GroupChange {
  readonly id: GroupId
  /** None: it goes. */
  readonly nextHops: readonly KernelNextHop[]
  /** The kernel has it. */
  readonly exists: boolean
  errno: number
}

/** Changes of routes that are sent together, in columns and used again and again: a route costs no object. */
export class RouteBatch {
  table = 0
  protocol = 0
  length = 0
  /** What came of the batch is not known: the answers were lost. */
  lost = false

  /** Are made before the routes. */
  readonly groups: GroupChange[] = []
  readonly operations = new Uint8Array(BATCH_ROUTES)
  readonly families = new Uint8Array(BATCH_ROUTES)
  readonly w0 = new Uint32Array(BATCH_ROUTES)
  readonly w1 = new Uint32Array(BATCH_ROUTES)
  readonly w2 = new Uint32Array(BATCH_ROUTES)
  readonly w3 = new Uint32Array(BATCH_ROUTES)
  readonly prefixLengths = new Uint8Array(BATCH_ROUTES)
  readonly metrics = new Uint32Array(BATCH_ROUTES)
  /** What Add and Replace lead to. */
  readonly targets: (KernelTarget | undefined)[] = []
  /** Each one's `errno`; 0: done. */
  readonly errors = new Int32Array(BATCH_ROUTES)
  /** The sender's own marks. */
  readonly rows = new Uint32Array(BATCH_ROUTES)
  readonly targetIds = new Uint32Array(BATCH_ROUTES)

  clear(): void {
    this.length = 0
    this.groups.length = 0
    this.lost = false
  }

  /** Of groups and of routes. */
  get changes(): number {
    return this.groups.length + this.length
  }

  get isFull(): boolean {
    return this.length === BATCH_ROUTES
  }

  /** Adds a change and returns its place. */
  add(operation: Operation, prefix: PrefixWords, target: KernelTarget | undefined, metric: number): number {
    const i = this.length++
    this.operations[i] = operation
    this.families[i] = prefix.family
    this.w0[i] = prefix.w0
    this.w1[i] = prefix.w1
    this.w2[i] = prefix.w2
    this.w3[i] = prefix.w3
    this.prefixLengths[i] = prefix.length
    this.targets[i] = target
    this.metrics[i] = metric
    this.errors[i] = 0
    this.rows[i] = 0
    this.targetIds[i] = 0
    return i
  }

  operation(i: number): Operation {
    return this.operations[i] as Operation
  }

  /** Copies the prefix of a change into `into`. */
  readPrefix(i: number, into: PrefixWords): PrefixWords {
    into.family = this.families[i] as Family
    into.w0 = this.w0[i]!
    into.w1 = this.w1[i]!
    into.w2 = this.w2[i]!
    into.w3 = this.w3[i]!
    into.length = this.prefixLengths[i]!
    return into
  }
}
