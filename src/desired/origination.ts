import type { OriginatedRoute, OriginationSet } from '../../bgp/contract.ts'
import { groupBy } from './group-by.ts'
import { mergedRoutes } from './merged-routes.ts'
import type { Advertisement, Offer } from './offer.ts'
import type { Session } from './session.ts'
import type { Context } from './viewpoint.ts'

export interface Originations {
  readonly sets: readonly OriginationSet[]
  /** Session name → set name; sessions that no advertisement selects are not in it. */
  readonly setOf: ReadonlyMap<string, string>
}

/**
 * Sessions that the same advertisements select share a set. Its name says which ones, so that it stays the same while
 * services come and go.
 */
export function originations(
  { self, report }: Context,
  sessions: readonly Session[],
  advertisements: readonly Advertisement[],
  offers: readonly Offer[],
): Originations {
  const told = offersBySession(offers)
  const audiences = groupBy(sessions, (session) => audienceOf(session, advertisements, self.role))
  const sets: OriginationSet[] = []
  const setOf = new Map<string, string>()
  for (const [name, members] of audiences) {
    if (name === undefined) continue
    const names = members.map(({ config }) => config.name)
    const routes: readonly OriginatedRoute[] = mergedRoutes(told.get(names[0]!) ?? [], names, report)
    sets.push({ name, routes })
    for (const member of names) setOf.set(member, name)
  }
  return { sets: sets.toSorted((a, b) => (a.name < b.name ? -1 : 1)), setOf }
}

/** `ipv4+ipv6 tor-pods,tor-services`; undefined for sessions that are told nothing. */
function audienceOf(
  session: Session,
  advertisements: readonly Advertisement[],
  role: Context['self']['role'],
): string | undefined {
  const selecting = advertisements.filter((one) => one.selectsUs && one.sessions.includes(session))
  const topology = session.source === undefined && role === 'agent'
  const parts = [...(topology ? ['topology'] : []), ...selecting.map(({ name }) => name)]
  if (parts.length === 0) return undefined
  const families = session.config.families.map((family) => family.replace('-unicast', ''))
  return `${families.toSorted().join('+')} ${parts.join(',')}`
}

function offersBySession(offers: readonly Offer[]): Map<string, Offer[]> {
  const told = new Map<string, Offer[]>()
  for (const offer of offers) {
    for (const { config } of offer.sessions) {
      const list = told.get(config.name)
      if (list === undefined) told.set(config.name, [offer])
      else list.push(offer)
    }
  }
  return told
}
