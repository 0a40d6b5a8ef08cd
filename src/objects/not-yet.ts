import { type Fault, isRecord } from './read.ts'

interface Row {
  /** The values that ask for what is not there yet, and in words; absent: any value. */
  readonly when?: (value: unknown) => boolean
  readonly words?: string
}

const given: Row = {}
const isTrue: Row = { when: (value) => value === true, words: 'true' }
const isPositive: Row = { when: (value) => Number(value) > 0, words: 'more than 0' }
const isNotEmpty: Row = { when: (value) => Array.isArray(value) && value.length > 0, words: 'any item' }
const isNot = (allowed: unknown): Row => ({ when: (value) => value !== allowed, words: `anything but ${allowed}` })

/**
 * What the kinds can say and this version does not do yet. It is refused where somebody asks for it, never ignored.
 * Whoever builds one of these strikes its line.
 */
export const notYet: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  RoutingConfig: {
    'spec.topology.bfdProfile': given,
    'spec.podNetwork.encapsulation': isNot('None'),
    'spec.podNetwork.masquerade.enabled': isTrue,
    'spec.podNetwork.masquerade.excludeCIDRs': isNotEmpty,
    'spec.podNetwork.cni.enabled': isTrue,
    'spec.drain.gracefulShutdownSeconds': isPositive,
    'spec.drain.onCordon': isTrue,
  },
  BGPPeer: {
    'spec.bfdProfile': given,
  },
  BGPAdvertisement: {
    'spec.service.aggregationLengthIPv4': isNot(32),
    'spec.service.aggregationLengthIPv6': isNot(128),
    'spec.service.weightByLocalEndpoints': isTrue,
  },
  // Nothing of these kinds is done, whatever their spec says.
  L2Advertisement: { '': given },
  BFDProfile: { '': given },
}

/** Fields of a checked object that this version does not honour. */
export function notYetHonoured(kind: string, object: unknown): Fault[] {
  return Object.entries(notYet[kind] ?? {}).flatMap(([path, { when, words }]) => {
    const value = valueAt(object, path)
    if (value === undefined || (when !== undefined && !when(value))) return []
    const what = path === '' ? `${kind} is ` : words === undefined ? '' : `${words} is `
    return { path, message: `${what}not supported by this version` }
  })
}

/** Path → what of it is refused, in words; for the reference page. */
export function notYetWords(kind: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(notYet[kind] ?? {}).map(([path, { words }]) => [path, words ?? '']))
}

function valueAt(object: unknown, path: string): unknown {
  if (path === '') return object
  let value = object
  for (const name of path.split('.')) value = isRecord(value) ? value[name] : undefined
  return value
}
