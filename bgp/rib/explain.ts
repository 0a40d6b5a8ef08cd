import type { PrefixId } from '../../routing/ip/prefix-table.ts'
import { RULES, Rule, type RuleName } from './decision.ts'
import type { Rib } from './rib.ts'
import type { Tables } from './tables.ts'

/** The rule that made the best path best: the weakest one it needed against any other candidate. */
export function decidedBy({ decision }: Tables, rib: Rib, prefix: PrefixId): RuleName {
  const best = rib.bestRow(prefix)
  let decisive = 0
  for (const row of rib.paths(prefix)) {
    if (row === best || !rib.eligible(row)) continue
    const rule = Math.abs(decision.compare(rib.setOf(best), rib.setOf(row), true))
    decisive = Math.max(decisive, rule === Rule.Equal ? Rule.PathId : rule)
  }
  return decisive === 0 ? 'only-path' : RULES[decisive]!
}
