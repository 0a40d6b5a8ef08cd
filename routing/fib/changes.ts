import { emptyPrefix, type PrefixId } from '../ip/prefix-table.ts'
import type { Fib } from './fib.ts'
import { Operation, type RouteBatch } from './route-batch.ts'
import { Mark, type RouteRows } from './route-rows.ts'
import type { TargetId } from './targets.ts'

/** What came of a batch, as far as it asks for more than the next batch. */
export interface Settled {
  /** What became of changes is not known. */
  readonly suspect: boolean
  /** The kernel holds something else than is known here: a place is taken, or a surplus route does not go. */
  readonly conflicts: number
  readonly failed: number
}

const ENOENT = 2
const ESRCH = 3
const EEXIST = 17
/** Among others: there is no group of this number. */
const EINVAL = 22

const prefix = emptyPrefix(4)

/** Fills the batch with the next changes to make; how many. */
export function fillBatch(fib: Fib, batch: RouteBatch): number {
  batch.clear()
  batch.protocol = fib.rules.ownership.protocol
  fib.groups.fillMoved(batch)
  if (batch.groups.length > 0) return batch.changes

  if (!fib.holdsLeftovers) fib.surplus.fill(batch)
  if (batch.length > 0) return batch.length

  batch.table = fib.rules.ownership.table
  batch.protocol = fib.rules.ownership.protocol
  for (const rows of [fib.rows[4], fib.rows[6]]) {
    while (!batch.isFull) {
      const id = rows.shift()
      if (id === 0) break
      fillRow(fib, rows, id, batch)
    }
  }
  if (batch.length === 0 && !fib.holdsLeftovers) fib.groups.fillUnused(batch)
  return batch.changes
}

/** Takes in what came of the batch. */
export function settleBatch(fib: Fib, batch: RouteBatch): Settled {
  let suspect = batch.lost
  // The kernel has others than is known here.
  let conflicts = batch.lost ? 0 : fib.groups.settle(batch)
  let failed = 0
  for (let i = 0; i < batch.length; i++) {
    const id = batch.rows[i]!
    if (id === 0) {
      // A surplus route that does not go is found again by the next dump.
      conflicts += Number(!batch.lost && batch.errors[i] !== 0 && batch.errors[i] !== ESRCH)
      continue
    }
    const rows = fib.rows[batch.readPrefix(i, prefix).family]
    suspect ||= rows.has(id, Mark.Touched)
    rows.clear(id, Mark.InFlight | Mark.Touched)
    if (!batch.lost) {
      const outcome = settleRow(fib, rows, batch, i)
      conflicts += Number(outcome === 'conflict')
      failed += Number(outcome === 'failed')
    }
    rows.update(id)
  }
  return { suspect, conflicts, failed }
}

function fillRow(fib: Fib, rows: RouteRows, id: PrefixId, batch: RouteBatch): void {
  const desired = rows.desired(id)
  const actual = rows.actual[id]!
  if (!rows.differs(id, desired)) {
    rows.update(id)
    return
  }
  rows.table.read(id, prefix)
  if (desired !== 0 && fib.foreign.occupies(prefix, batch.table, fib.targets.metricOf(desired))) {
    rows.set(id, Mark.Blocked)
    rows.update(id)
    return
  }
  const operation = operationFor(fib, desired, actual)
  const metric = fib.targets.metricOf(operation === Operation.Delete ? actual : desired)
  if (desired !== 0) fib.groups.prepare(desired, batch)
  const i = batch.add(operation, prefix, fib.targets.get(desired), metric)
  batch.rows[i] = id
  batch.targetIds[i] = desired
  rows.set(id, Mark.InFlight)
}

/** The metric is part of a route's place: where it changes, the new route comes first, and the old one is surplus then. */
function operationFor({ targets }: Fib, desired: TargetId, actual: TargetId): Operation {
  if (desired === 0) return Operation.Delete
  return actual !== 0 && targets.metricOf(desired) === targets.metricOf(actual) ? Operation.Replace : Operation.Add
}

function settleRow(fib: Fib, rows: RouteRows, batch: RouteBatch, i: number): 'done' | 'conflict' | 'failed' {
  const id = batch.rows[i]!
  const errno = batch.errors[i]!
  const operation = batch.operation(i)
  const before = rows.actual[id]!
  if (errno === 0) {
    if (operation === Operation.Add && before !== 0) {
      fib.surplus.add(prefix, fib.targets.metricOf(before), fib.rules.ownership)
    }
    rows.setActual(id, batch.targetIds[i]!)
    rows.set(id, Mark.Seen)
    return 'done'
  }
  const wasGone = errno === ESRCH || errno === ENOENT
  if (wasGone && operation !== Operation.Add) {
    rows.setActual(id, 0)
    return 'done'
  }
  const group = batch.targets[i]?.group
  const change = group === undefined ? undefined : batch.groups.find((each) => each.id === group)
  // Why there is no group says more than that there is none.
  rows.setErrno(id, change === undefined || change.errno === 0 ? errno : change.errno)
  return errno === EEXIST || (errno === EINVAL && group !== undefined) ? 'conflict' : 'failed'
}
