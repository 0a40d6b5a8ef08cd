import type { RoutingConfig } from '../kinds/routing-config.ts'

/** Well-known communities by name (the IANA registry of RFC 1997 communities). */
const WELL_KNOWN: ReadonlyMap<string, string> = new Map([
  ['graceful-shutdown', '65535:0'],
  ['accept-own', '65535:1'],
  ['llgr-stale', '65535:6'],
  ['no-llgr', '65535:7'],
  ['blackhole', '65535:666'],
  ['no-export', '65535:65281'],
  ['no-advertise', '65535:65282'],
  ['no-export-subconfed', '65535:65283'],
  ['no-peer', '65535:65284'],
])

export type CommunityNames = ReadonlyMap<string, string>

/** What names stand for: the well-known ones, and the aliases of the RoutingConfig, which come first. */
export function communityNames(config: RoutingConfig): CommunityNames {
  return new Map([...WELL_KNOWN, ...config.spec.communityAliases.map(({ name, value }) => [name, value] as const)])
}

export interface Resolved {
  /** In numbers, each once, in the order given. */
  readonly communities: readonly string[]
  /** Positions and names that stand for nothing. */
  readonly unknown: readonly { readonly index: number; readonly name: string }[]
}

export function resolveCommunities(texts: readonly string[], names: CommunityNames): Resolved {
  const communities = new Set<string>()
  const unknown: { index: number; name: string }[] = []
  for (const [index, text] of texts.entries()) {
    const value = text.includes(':') ? text : names.get(text)
    if (value === undefined) unknown.push({ index, name: text })
    else communities.add(value)
  }
  return { communities: [...communities], unknown }
}
