import { collectDefaultMetrics, Registry } from 'prom-client'
import type { PeerStatus, SessionState } from '../../bgp/contract.ts'
import type { StatusDocument } from '../api/contract.ts'
import { counter, gauge, type Labels, type Metrics, type Row } from './rows.ts'

/** What the metrics are read from, at the moment they are asked for. */
export interface MetricsSource {
  status(): StatusDocument
  peers(): readonly PeerStatus[]
}

const SESSION_STATES: readonly SessionState[] = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established']

/** All metrics of the process, as Prometheus text. Nothing is counted twice: each value is read when it is scraped. */
export function createMetrics(source: MetricsSource): Metrics {
  const registry = new Registry()
  // Among them routelet_nodejs_eventloop_lag_*: what a stalled core would cost its keepalives.
  collectDefaultMetrics({ register: registry, prefix: 'routelet_' })
  // Read once per scrape: with many peers it is work.
  let now: { readonly status: StatusDocument; readonly peers: readonly PeerStatus[] }
  for (const row of STATUS_GAUGES) gauge(registry, row, () => row.samples(now.status))
  for (const row of STATUS_COUNTERS) counter(registry, row, () => row.samples(now.status))
  for (const row of PEER_GAUGES) gauge(registry, row, () => now.peers.flatMap(row.samples))
  for (const row of PEER_COUNTERS) counter(registry, row, () => now.peers.flatMap(row.samples))
  return {
    contentType: registry.contentType,
    text: () => {
      now = { status: source.status(), peers: source.peers() }
      return registry.metrics()
    },
  }
}

const STATUS_GAUGES: readonly Row<StatusDocument>[] = [
  {
    name: 'routelet_build_info',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'role', 'node_version'],
    samples: (status) => [[{ version: status.version, role: status.role, node_version: process.version }, 1]],
  },
  {
    name: 'routelet_ready',
    help: 'Whether /readyz says ready.',
    labels: [],
    samples: (status) => [[{}, Number(status.ready)]],
  },
  {
    name: 'routelet_configuration_synced',
    help: 'Whether the source of the configuration (API or files) is read and watched.',
    labels: [],
    samples: (status) => [[{}, Number(status.configuration.synced)]],
  },
  {
    name: 'routelet_configuration_problems',
    help: 'Objects, or fields of them, that are invalid or wait for something.',
    labels: ['kind'],
    samples: (status) =>
      ['Invalid', 'Pending'].map((kind) => [
        { kind },
        status.problems.filter((problem) => problem.kind === kind).length,
      ]),
  },
  {
    name: 'routelet_sessions',
    help: 'BGP sessions, configured and established.',
    labels: ['state'],
    samples: ({ sessions }) => [
      [{ state: 'configured' }, sessions.configured],
      [{ state: 'established' }, sessions.established],
    ],
  },
  {
    name: 'routelet_rib_routes',
    help: 'Prefixes with a best route in the Loc-RIB.',
    labels: ['family'],
    samples: ({ ribRoutes }) => [
      [{ family: 'ipv4-unicast' }, ribRoutes.ipv4],
      [{ family: 'ipv6-unicast' }, ribRoutes.ipv6],
    ],
  },
  {
    name: 'routelet_kernel_routes',
    help: 'Routes of this agent by what became of them in the kernel.',
    labels: ['state'],
    samples: ({ kernelRoutes }) => Object.entries(kernelRoutes ?? {}).map(([state, count]) => [{ state }, count]),
  },
  {
    name: 'routelet_announced_prefixes',
    help: 'Pod CIDRs and service addresses by whether they are announced to any peer.',
    labels: ['announced'],
    samples: ({ announcements }) =>
      [true, false].map((announced) => [
        { announced: String(announced) },
        announcements.filter((each) => (each.silentBecause === undefined) === announced).length,
      ]),
  },
]

const STATUS_COUNTERS: readonly Row<StatusDocument>[] = [
  {
    name: 'routelet_control_worker_restarts_total',
    help: 'Times the control worker had to be started again.',
    labels: [],
    samples: (status) => [[{}, status.configuration.workerRestarts]],
  },
  {
    name: 'routelet_connections_refused_total',
    help: 'Connections from addresses that no peer is configured for.',
    labels: [],
    samples: (status) => [[{}, status.sessions.refusedConnections]],
  },
]

const FAMILY_ROWS = ['received', 'accepted', 'advertised'] as const

const PEER_GAUGES: readonly Row<PeerStatus>[] = [
  {
    name: 'routelet_peer_state',
    help: '1 for the state the BGP session is in, 0 for the others.',
    labels: ['peer', 'remote_address', 'state'],
    samples: (peer) => SESSION_STATES.map((state) => [{ ...identity(peer), state }, Number(peer.state === state)]),
  },
  {
    name: 'routelet_peer_state_changed_timestamp_seconds',
    help: 'When the session last changed its state, in seconds since the epoch.',
    labels: ['peer', 'remote_address'],
    samples: (peer) => [[identity(peer), peer.since / 1000]],
  },
  ...FAMILY_ROWS.map(
    (what): Row<PeerStatus> => ({
      name: `routelet_peer_prefixes_${what}`,
      help: `Prefixes ${what === 'advertised' ? 'advertised to' : `${what} from`} the peer.`,
      labels: ['peer', 'remote_address', 'family'],
      samples: (peer) => peer.families.map((each) => [{ ...identity(peer), family: each.family }, each[what]]),
    }),
  ),
]

const PEER_COUNTERS: readonly Row<PeerStatus>[] = [
  {
    name: 'routelet_peer_established_total',
    help: 'Times the session became Established.',
    labels: ['peer', 'remote_address'],
    samples: (peer) => [[identity(peer), peer.timesEstablished]],
  },
  {
    name: 'routelet_peer_messages_total',
    help: 'BGP messages, by direction and whether they were UPDATEs.',
    labels: ['peer', 'remote_address', 'direction', 'type'],
    samples: (peer) => {
      const { received, sent, updatesReceived, updatesSent } = peer.messages
      return [
        [{ ...identity(peer), direction: 'received', type: 'update' }, updatesReceived],
        [{ ...identity(peer), direction: 'received', type: 'other' }, received - updatesReceived],
        [{ ...identity(peer), direction: 'sent', type: 'update' }, updatesSent],
        [{ ...identity(peer), direction: 'sent', type: 'other' }, sent - updatesSent],
      ]
    },
  },
  {
    name: 'routelet_peer_notifications_total',
    help: 'NOTIFICATIONs that ended a connection, but for collisions, by direction and code (RFC 4271, section 4.5).',
    labels: ['peer', 'remote_address', 'direction', 'code', 'subcode'],
    samples: (peer) =>
      peer.notifications.map(({ direction, code, subcode, count }) => [
        { ...identity(peer), direction, code: `${code}`, subcode: `${subcode}` },
        count,
      ]),
  },
  {
    name: 'routelet_peer_malformed_total',
    help: 'What was discarded or withdrawn because the peer sent it malformed (RFC 7606), by the kind of error.',
    labels: ['peer', 'remote_address', 'what'],
    samples: (peer) => peer.discarded.map(({ what, count }) => [{ ...identity(peer), what }, count]),
  },
]

function identity(peer: PeerStatus): Labels {
  return { peer: peer.name, remote_address: peer.remoteAddress }
}
