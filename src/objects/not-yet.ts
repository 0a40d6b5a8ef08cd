import { type Fault, isRecord } from './read.ts'

interface Row {
  /** The values that ask for what is not there yet; absent: any value. */
  readonly when?: (value: unknown) => boolean
}

const isTrue = (value: unknown) => value === true
const isPositive = (value: unknown) => Number(value) > 0
const isNot = (allowed: unknown) => (value: unknown) => value !== allowed

/**
 * What the kinds can say and this version does not do yet. It is refused where somebody asks for it, never ignored.
 * Whoever builds one of these strikes its line.
 */
export const notYet: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  RoutingConfig: {
    'spec.topology.bfdProfile': {},
    'spec.podNetwork.encapsulation': { when: isNot('None') },
    'spec.podNetwork.masquerade.enabled': { when: isTrue },
    'spec.podNetwork.masquerade.excludeCIDRs': { when: (value) => Array.isArray(value) && value.length > 0 },
    'spec.podNetwork.cni.enabled': { when: isTrue },
    'spec.gracefulRestart.longLivedStaleSeconds': { when: isPositive },
    'spec.drain.gracefulShutdownSeconds': { when: isPositive },
    'spec.drain.onCordon': { when: isTrue },
  },
  BGPPeer: {
    'spec.interface': {},
    'spec.extendedNextHop': { when: isTrue },
    'spec.bfdProfile': {},
    'spec.addPath': {},
    'spec.role': {},
  },
  BGPAdvertisement: {
    'spec.service.addresses': { when: (value) => Array.isArray(value) && value.some(isNot('LoadBalancerIP')) },
    'spec.service.aggregationLengthIPv4': { when: isNot(32) },
    'spec.service.aggregationLengthIPv6': { when: isNot(128) },
    'spec.service.weightByLocalEndpoints': { when: isTrue },
  },
  // Nothing of these kinds is done, whatever their spec says.
  L2Advertisement: { '': {} },
  BFDProfile: { '': {} },
}

/** Fields of a checked object that this version does not honour. */
export function notYetHonoured(kind: string, object: unknown): Fault[] {
  return Object.entries(notYet[kind] ?? {})
    .filter(([path, { when }]) => {
      const value = valueAt(object, path)
      return value !== undefined && (when === undefined || when(value))
    })
    .map(([path]) => ({ path, message: path === '' ? `${kind} is not supported by this version` : UNSUPPORTED }))
}

const UNSUPPORTED = 'not supported by this version'

function valueAt(object: unknown, path: string): unknown {
  if (path === '') return object
  let value = object
  for (const name of path.split('.')) value = isRecord(value) ? value[name] : undefined
  return value
}
