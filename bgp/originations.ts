import { prefixWords } from '../routing/ip/prefix.ts'
import type { PrefixId } from '../routing/ip/prefix-table.ts'
import type { FamilyName, OriginatedRoute, OriginationSet } from './contract.ts'
import type { SetId } from './rib/attributes-table.ts'
import { LOCAL_SLOT, type Tables } from './rib/tables.ts'
import { EMPTY_ATTRIBUTES, type PathAttributes, writeAttributeRecord } from './wire/attributes/record.ts'
import { FAMILIES } from './wire/families.ts'
import { SegmentType } from './wire/iana.ts'

/** Told of a prefix: its attributes as one audience hears them. */
export type Told = ReadonlyMap<PrefixId, SetId>

const NOTHING: Told = new Map()

/**
 * The routes the speaker originates. In the Loc-RIB each prefix has one local route, whoever hears of it; what an
 * audience hears, with which attributes, is looked up here by its update group.
 */
export class Originations {
  readonly #tables: Tables
  #sets: readonly OriginationSet[] = []
  /** By audience (see `toldTo`) and family. */
  readonly #told = new Map<string, Map<PrefixId, SetId>>()
  /** Of the prefixes in the Loc-RIB: why they are there. */
  #because = new Map<string, string>()
  #base: SetId = 0

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /** Takes the whole new list; every prefix that is new, gone or changed is looked at again by the update groups. */
  apply(sets: readonly OriginationSet[]): void {
    const before = this.#because
    const changed = new Set([...changedPrefixes(this.#sets, sets)])
    this.#sets = sets
    this.#because = new Map(sets.flatMap(({ routes }) => routes.map(({ prefix, because }) => [prefix, because])))
    for (const prefix of this.#because.keys()) if (!before.has(prefix)) this.#announce(prefix)
    this.#rebuildTold()
    for (const prefix of changed) this.#touch(prefix)
    for (const prefix of before.keys()) if (!this.#because.has(prefix)) this.#withdraw(prefix)
    if (this.#because.size > 0 || this.#base === 0) return
    this.#tables.sets.release(this.#base)
    this.#base = 0
  }

  /** What an audience is told: the set it names, with the own AS prepended towards external peers. */
  toldTo(name: string | undefined, prependAsn: number | undefined, family: FamilyName): Told {
    if (name === undefined) return NOTHING
    const key = `${family} ${prependAsn ?? 'internal'} ${name}`
    const known = this.#told.get(key)
    if (known !== undefined) return known
    const told = new Map<PrefixId, SetId>()
    this.#told.set(key, told)
    this.#fill(told, name, prependAsn, family)
    return told
  }

  becauseOf(prefix: string): string | undefined {
    return this.#because.get(prefix)
  }

  /** The maps stay the same objects, since update groups hold them; only their content changes. */
  #rebuildTold(): void {
    for (const [key, told] of this.#told) {
      const [family, prepend, ...name] = key.split(' ')
      const old = [...told.values()]
      told.clear()
      const prependAsn = prepend === 'internal' ? undefined : Number(prepend)
      this.#fill(told, name.join(' '), prependAsn, family as FamilyName)
      for (const set of old) this.#tables.sets.release(set)
    }
  }

  #fill(told: Map<PrefixId, SetId>, name: string, prependAsn: number | undefined, family: FamilyName): void {
    const rib = this.#tables.ribs.get(family)!
    for (const route of this.#sets.find((set) => set.name === name)?.routes ?? []) {
      const words = prefixWords(route.prefix)
      if (words.family !== rib.family.family) continue
      const set = this.#intern(attributesOf(route, prependAsn))
      this.#tables.sets.retain(set)
      told.set(rib.prefixes.internPrefix(words), set)
    }
  }

  #announce(prefix: string): void {
    const { rib, id } = this.#locate(prefix)
    if (this.#base === 0) {
      this.#base = this.#intern(EMPTY_ATTRIBUTES)
      this.#tables.sets.retain(this.#base)
    }
    rib.announce(LOCAL_SLOT, id, this.#base, 0)
  }

  #withdraw(prefix: string): void {
    const { rib, id } = this.#locate(prefix)
    rib.withdraw(LOCAL_SLOT, id)
  }

  #touch(prefix: string): void {
    const { rib, id } = this.#locate(prefix)
    rib.touch(id)
  }

  #locate(prefix: string) {
    const words = prefixWords(prefix as OriginatedRoute['prefix'])
    const family = FAMILIES.find((row) => row.family === words.family)!
    const rib = this.#tables.ribs.get(family.name)!
    return { rib, id: rib.prefixes.internPrefix(words) }
  }

  #intern(attributes: PathAttributes): SetId {
    const octets = writeAttributeRecord(attributes)
    const { sets } = this.#tables
    return (
      sets.find(LOCAL_SLOT, octets, 0, octets.length) ||
      sets.add(this.#tables.sourceOf(LOCAL_SLOT), octets, 0, octets.length)
    )
  }
}

function attributesOf(route: OriginatedRoute, prependAsn: number | undefined): PathAttributes {
  const times = prependAsn === undefined ? 0 : (route.prepend ?? 0)
  return {
    ...EMPTY_ATTRIBUTES,
    communities: route.communities,
    asPath: times === 0 ? [] : [{ type: SegmentType.Sequence, asns: Array<number>(times).fill(prependAsn!) }],
    ...(route.localPref === undefined ? {} : { localPref: route.localPref }),
    ...(route.med === undefined ? {} : { med: route.med }),
  }
}

function* changedPrefixes(before: readonly OriginationSet[], after: readonly OriginationSet[]): Generator<string> {
  const describe = (sets: readonly OriginationSet[]) =>
    new Map(sets.flatMap(({ name, routes }) => routes.map((route) => [`${name} ${route.prefix}`, route])))
  const [old, now] = [describe(before), describe(after)]
  for (const [key, route] of now) if (JSON.stringify(old.get(key)) !== JSON.stringify(route)) yield route.prefix
  for (const [key, route] of old) if (!now.has(key)) yield route.prefix
}
