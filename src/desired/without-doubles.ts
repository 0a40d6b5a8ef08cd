import { placeOf } from '../../bgp/place.ts'
import type { Session } from './session.ts'
import type { Report } from './viewpoint.ts'

/**
 * One session per address, one range per prefix. Sessions come with those of the older BGPPeer first and those of the
 * topology last: a BGPPeer towards a node or reflector stands in for the session of the topology, without a word.
 */
export function withoutDoubles(sessions: readonly Session[], report: Report): Session[] {
  const holders = new Map<string, Session>()
  return sessions.filter((session) => {
    const key = session.type === 'peer' ? placeOf(session.config) : session.config.range
    const holder = holders.get(key)
    if (holder === undefined) {
      holders.set(key, session)
      return true
    }
    if (session.source !== undefined && holder.source !== undefined) {
      report({
        kind: 'Invalid',
        object: `BGPPeer ${session.source.name}`,
        path: session.source.path,
        message: `${key} is already the peer of the older BGPPeer ${holder.source.name}, which holds`,
      })
    }
    return false
  })
}
