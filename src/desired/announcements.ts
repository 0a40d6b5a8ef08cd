import type { Announcement } from '../contract.ts'
import { groupBy } from './group-by.ts'
import type { Offer, Silence } from './offer.ts'

/** One line per object and prefix, with all the peers that are told, or why nobody is. */
export function announcementsOf(offers: readonly Offer[], silences: readonly Silence[]): Announcement[] {
  const told = [...groupBy(offers, ({ object, prefix }) => `${object} ${prefix}`).values()].map(announced)
  const silent = silences.map(
    ({ object, prefix, advertisement, reason }): Announcement => ({
      ...(prefix && { prefix }),
      object,
      ...(advertisement !== undefined && { advertisement }),
      peers: [],
      silentBecause: reason,
    }),
  )
  return [...told, ...silent].toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

function announced(offers: readonly Offer[]): Announcement {
  const { prefix, object } = offers[0]!
  const advertisement = offers.find((offer) => offer.advertisement !== undefined)?.advertisement
  const peers = new Set(offers.flatMap(({ sessions }) => sessions.map(({ config }) => config.name)))
  return { prefix, object, ...(advertisement && { advertisement: advertisement.name }), peers: [...peers].toSorted() }
}

function sortKey({ object, prefix }: Announcement): string {
  return `${object} ${prefix ?? ''}`
}
