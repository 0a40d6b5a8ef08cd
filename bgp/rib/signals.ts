import type { PathAttributes } from '../wire/attributes/record.ts'
import type { AttributesTable } from './attributes-table.ts'
import { SetFlag } from './fields.ts'
import { RowFlag, type RowId } from './path-rows.ts'
import type { Rib } from './rib.ts'

/**
 * Well-known communities by which an external peer asks for something, acted on after the import policies. A policy that
 * wants otherwise removes the community.
 *
 * GRACEFUL_SHUTDOWN (RFC 8326, section 4.2): the route is going, so any other is preferred: local preference 0.
 * BLACKHOLE (RFC 7999, section 3.2): it stays inside. Traffic is discarded for it only when a policy names the prefix.
 */
export function obeySignals(attributes: PathAttributes): PathAttributes {
  const { communities, localPref } = attributes
  let next = attributes
  if (communities.includes('graceful-shutdown') && localPref !== 0) next = { ...next, localPref: 0 }
  const scoped = communities.includes('no-export') || communities.includes('no-advertise')
  if (communities.includes('blackhole') && !scoped) next = { ...next, communities: [...communities, 'no-export'] }
  return next
}

/** Traffic for the route is to be discarded: it asks for that, and a policy rule named its prefix (RFC 7999, section 3.3). */
export function isDiscarded(rib: Rib, { flags }: AttributesTable, row: RowId): boolean {
  return (rib.flagsOf(row) & RowFlag.Named) !== 0 && (flags[rib.setOf(row)]! & SetFlag.Blackhole) !== 0
}

/** What became of a route for its signals, in words; undefined: it has none. `discards`: traffic for it is dropped here. */
export function signalsObeyed({ communities }: PathAttributes, discards: boolean): string | undefined {
  const words = [
    ...(communities.includes('graceful-shutdown') ? ['GRACEFUL_SHUTDOWN: local preference 0 (RFC 8326)'] : []),
    ...(communities.includes('blackhole') ? [`BLACKHOLE: ${discards ? DISCARDED : NOT_DISCARDED} (RFC 7999)`] : []),
  ]
  return words.length === 0 ? undefined : words.join('; ')
}

const DISCARDED = 'traffic is discarded'
const NOT_DISCARDED = 'no import rule names the prefix, so it is an ordinary route that stays inside'
