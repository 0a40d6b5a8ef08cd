import { BOUNDS } from '../../bounds.ts'
import { AttributeCode, SegmentType } from '../iana.ts'
import { type AttributeRow, OPTIONAL, TRANSITIVE, uint16At, uint32At } from './codec.ts'

/** AS_PATH (RFC 4271, section 5.1.2; RFC 7606, section 7.2; AS 0: RFC 7607; sets: RFC 9774). */
export const asPath: AttributeRow = {
  code: AttributeCode.AsPath,
  name: 'AS_PATH',
  flags: TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  check(octets, start, end, { fourOctetAsn, refuseAsSets }) {
    const size = fourOctetAsn ? 4 : 2
    const fault = checkSegments(octets, start, end, size)
    if (fault !== undefined) return fault
    for (let at = start; at < end; at += 2 + octets[at + 1]! * size) {
      const type = octets[at]!
      if (type === SegmentType.Set && refuseAsSets) return 'an AS_SET (RFC 9774)'
      if (type === SegmentType.ConfedSequence || type === SegmentType.ConfedSet) {
        return 'a confederation segment from outside a confederation (RFC 5065)'
      }
    }
    return undefined
  },
  refuse(octets, start, end, { fourOctetAsn }) {
    const size = fourOctetAsn ? 4 : 2
    // Most paths are shorter than it takes to count.
    if (end - start <= BOUNDS.asPathLength * size) return undefined
    let count = 0
    for (let at = start; at < end; at += 2 + octets[at + 1]! * size) count += octets[at + 1]!
    return count > BOUNDS.asPathLength ? `${count} ASes, at most ${BOUNDS.asPathLength} are taken` : undefined
  },
}

/** AS4_PATH (RFC 6793, section 6). */
export const as4Path: AttributeRow = {
  code: AttributeCode.As4Path,
  name: 'AS4_PATH',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'attribute-discard',
  ifFlagsWrong: 'attribute-discard',
  ignoreFromFourOctetPeer: true,
  check(octets, start, end) {
    return end === start ? 'empty' : checkSegments(octets, start, end, 4)
  },
  /** RFC 9774, section 3: as in AS_PATH, which shows no more than its length. */
  refuse(octets, start, end, { refuseAsSets }) {
    if (!refuseAsSets) return undefined
    for (let at = start; at < end; at += 2 + octets[at + 1]! * 4) {
      if (octets[at] === SegmentType.Set) return 'an AS_SET (RFC 9774)'
    }
    return undefined
  },
}

function checkSegments(octets: Uint8Array, start: number, end: number, size: 2 | 4): string | undefined {
  let at = start
  while (at < end) {
    if (end - at < 2) return 'a segment is cut short'
    const type = octets[at]!
    const count = octets[at + 1]!
    if (type < SegmentType.Set || type > SegmentType.ConfedSet) return `segment type ${type}`
    if (count === 0) return 'an empty segment'
    const next = at + 2 + count * size
    if (next > end) return 'a segment overruns the attribute'
    for (let as = at + 2; as < next; as += size) {
      if ((size === 4 ? uint32At(octets, as) : uint16At(octets, as)) === 0) return 'AS 0'
    }
    at = next
  }
  return undefined
}

export interface Segment {
  readonly type: number
  readonly asns: readonly number[]
}

/** A checked AS_PATH as values. */
export function readSegments(octets: Uint8Array, start: number, end: number, size: 2 | 4): Segment[] {
  const segments: Segment[] = []
  for (let at = start; at < end; ) {
    const count = octets[at + 1]!
    const asns: number[] = []
    for (let i = 0; i < count; i++) {
      const as = at + 2 + i * size
      asns.push(size === 4 ? uint32At(octets, as) : uint16At(octets, as))
    }
    segments.push({ type: octets[at]!, asns })
    at += 2 + count * size
  }
  return segments
}

/** What AS_PATH length is to the decision: a set counts one, confederations none (RFC 4271, 9.1.2.2; RFC 5065, 5.3). */
export function pathLength(segments: readonly Segment[]): number {
  let length = 0
  for (const { type, asns } of segments) {
    if (type === SegmentType.Sequence) length += asns.length
    else if (type === SegmentType.Set) length += 1
  }
  return length
}

/**
 * The true path of a route that came over a 2-octet session (RFC 6793, section 4.2.3): AS4_PATH, before it as much of
 * AS_PATH as AS4_PATH lacks; AS_PATH alone when it is the shorter one.
 */
export function mergeAs4Path(path: readonly Segment[], as4Path: readonly Segment[]): readonly Segment[] {
  const trusted = as4Path.filter(({ type }) => type === SegmentType.Sequence || type === SegmentType.Set)
  let lead = pathLength(path) - pathLength(trusted)
  if (lead < 0 || trusted.length === 0) return path
  const merged: Segment[] = []
  for (const segment of path) {
    if (lead <= 0) break
    if (segment.type === SegmentType.Sequence) {
      const asns = segment.asns.slice(0, lead)
      merged.push({ type: segment.type, asns })
      lead -= asns.length
    } else {
      merged.push(segment)
      if (segment.type === SegmentType.Set) lead -= 1
    }
  }
  return joinSequences([...merged, ...trusted])
}

/** Neighbouring sequences become one, as long as its count fits an octet. */
export function joinSequences(segments: readonly Segment[]): Segment[] {
  const joined: Segment[] = []
  for (const segment of segments) {
    const last = joined.at(-1)
    const fits = last !== undefined && last.asns.length + segment.asns.length <= 255
    if (fits && last.type === SegmentType.Sequence && segment.type === SegmentType.Sequence) {
      joined[joined.length - 1] = { type: last.type, asns: [...last.asns, ...segment.asns] }
    } else {
      joined.push(segment)
    }
  }
  return joined
}

/** As routers print it: `65001 65002 {65003,65004}`. */
export function formatAsPath(segments: readonly Segment[]): string {
  return segments
    .map(({ type, asns }) => {
      if (type === SegmentType.Sequence) return asns.join(' ')
      if (type === SegmentType.Set) return `{${asns.join(',')}}`
      return type === SegmentType.ConfedSequence ? `(${asns.join(' ')})` : `[${asns.join(',')}]`
    })
    .join(' ')
}
