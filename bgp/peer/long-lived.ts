import { RowFlag } from '../rib/path-rows.ts'
import { PolicyChain } from '../rib/policy.ts'
import { PolicyFilter } from '../rib/policy-filter.ts'
import type { Rib } from '../rib/rib.ts'
import type { RouteContext } from './route-context.ts'

/** RFC 9494, section 4.2: routes that ask for it are not kept, the others get LLGR_STALE, which makes them the last choice. */
const LONG_LIVED = new PolicyChain([
  {
    name: 'long-lived-graceful-restart',
    rules: [
      { name: 'no-llgr', match: { communities: { any: ['no-llgr'] } }, set: {}, action: 'reject' },
      { name: 'llgr-stale', match: {}, set: { addCommunities: ['llgr-stale'] }, action: 'accept' },
    ],
    defaultAction: 'reject',
  },
])

/** RFC 9494, section 4.6: what makes a long-lived stale route the last choice of those who do not know the mark. */
export const MADE_LAST = new PolicyChain([
  {
    name: 'long-lived-partial-deployment',
    rules: [
      {
        name: 'last-choice',
        match: {},
        set: { localPref: 0, addCommunities: ['no-export'] },
        action: 'accept',
      },
    ],
    defaultAction: 'reject',
  },
])

/** The stale routes of a slot become long-lived ones, in slices; those that are told again meanwhile are left alone. */
export function makeLongLived({ tables, sweeps, kick }: RouteContext, slot: number, rib: Rib): void {
  const filter = new PolicyFilter(LONG_LIVED, rib, tables.sets, (of) => tables.sourceOf(of), undefined)
  const visit: Parameters<typeof sweeps.start>[2] = (_, row, prefix) => {
    const flags = rib.flagsOf(row)
    if ((flags & RowFlag.Stale) === 0 || (flags & RowFlag.Doomed) !== 0) return
    const { set, accept } = filter.apply(prefix, rib.setOf(row))
    if (accept) rib.replace(row, set, flags)
    else rib.remove(row)
  }
  sweeps.start(slot, [rib], visit, () => filter.dispose())
  kick()
}
