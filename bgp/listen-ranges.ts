import type { Address } from '../routing/ip/address.ts'
import { contains, hostPrefix, prefixWords } from '../routing/ip/prefix.ts'
import type { ListenRangeConfig, PeerConfig } from './contract.ts'

/** The range that a peer at this address belongs to: the narrowest one. */
export function rangeOf(ranges: readonly ListenRangeConfig[], at: Address): ListenRangeConfig | undefined {
  const words = prefixWords(hostPrefix(at))
  return ranges
    .filter((candidate) => contains(prefixWords(candidate.range), words))
    .sort((a, b) => prefixWords(b.range).length - prefixWords(a.range).length)[0]
}

/** A peer of the range, as if it were configured. */
export function memberOf(range: ListenRangeConfig, at: Address): PeerConfig {
  const { range: _, limit: __, name, ...options } = range
  return { ...options, name: `${name}/${at}`, remoteAddress: at, port: 0, passive: true }
}
