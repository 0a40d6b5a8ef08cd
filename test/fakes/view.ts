import type { PeerStatus, RouteView } from '../../bgp/contract.ts'
import { address } from '../../routing/ip/address.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import { API_VERSION, type KernelRouteItem, type StatusDocument } from '../../src/api/contract.ts'

/** Documents of the local API with nothing special in them but what a test asks for. */

export function peerStatus(changes: Partial<PeerStatus> = {}): PeerStatus {
  return {
    name: 'tor-1',
    remoteAddress: address('192.0.2.1'),
    remoteAsn: 65000,
    localAsn: 64512,
    type: 'external',
    routeReflectorClient: false,
    state: 'Established',
    since: 1_000_000,
    families: [{ family: 'ipv4-unicast', received: 10, accepted: 8, advertised: 3, endOfRibReceived: true }],
    timesEstablished: 1,
    notifications: [],
    messages: { received: 20, sent: 21, updatesReceived: 5, updatesSent: 6 },
    discarded: [],
    ...changes,
  }
}

export function routeView(changes: Partial<RouteView> = {}): RouteView {
  return {
    prefix: prefix('10.1.0.0/24'),
    family: 'ipv4-unicast',
    best: true,
    decidedBy: 'only-path',
    from: 'tor-1',
    nextHop: address('192.0.2.1'),
    origin: 'igp',
    asPath: '65000',
    localPref: 100,
    communities: [],
    clusterList: [],
    atomicAggregate: false,
    unknownAttributes: [],
    stale: false,
    multipath: false,
    ...changes,
  }
}

export function kernelRoute(changes: Partial<KernelRouteItem> = {}): KernelRouteItem {
  return {
    prefix: prefix('10.1.0.0/24'),
    type: 'unicast',
    nextHops: [{ address: address('192.0.2.1'), interfaceName: 'eth0', weight: 1 }],
    metric: 1024,
    state: 'installed',
    ...changes,
  }
}

export function statusDocument(changes: Partial<StatusDocument> = {}): StatusDocument {
  return {
    apiVersion: API_VERSION,
    kind: 'Status',
    role: 'agent',
    node: 'n1',
    version: '1.2.3',
    startedAt: '2030-01-01T00:00:00.000Z',
    uptimeSeconds: 3725,
    asn: 64512,
    bgpIdentifier: address('10.0.0.1'),
    listenPort: 179,
    ready: true,
    waitingFor: [],
    configuration: {
      source: 'files /etc/routelet',
      synced: true,
      detail: 'read',
      fromStateDir: false,
      workerRestarts: 0,
    },
    sessions: { configured: 2, established: 1, refusedConnections: 4 },
    ribRoutes: { ipv4: 12, ipv6: 3 },
    kernelRoutes: { wanted: 10, installed: 10, pending: 0, inactive: 0, failed: 0, refused: 0 },
    announcements: [],
    problems: [],
    ...changes,
  }
}
