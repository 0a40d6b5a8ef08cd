import { collectDefaultMetrics, Registry } from 'prom-client'
import type { ControllerStatus } from '../controller/status.ts'
import { gauge, type Metrics, type Row } from './rows.ts'

/** All metrics of a controller, as Prometheus text; each value is read when it is scraped. */
export function createControllerMetrics(status: () => ControllerStatus): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'routelet_' })
  for (const row of ROWS) gauge(registry, row, () => row.samples(status()))
  return { contentType: registry.contentType, text: () => registry.metrics() }
}

const ROWS: readonly Row<ControllerStatus>[] = [
  {
    name: 'routelet_build_info',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'role', 'node_version'],
    samples: ({ version }) => [[{ version, role: 'controller', node_version: process.version }, 1]],
  },
  {
    name: 'routelet_ready',
    help: 'Whether /readyz says ready.',
    labels: [],
    samples: ({ ready }) => [[{}, Number(ready)]],
  },
  {
    name: 'routelet_leading',
    help: 'Whether this controller holds the Lease.',
    labels: [],
    samples: ({ leading }) => [[{}, Number(leading)]],
  },
  {
    name: 'routelet_pool_addresses',
    help: 'Addresses of an IPAddressPool: total, and of these assigned and free.',
    labels: ['pool', 'family', 'state'],
    samples: ({ pools = [] }) =>
      pools.flatMap(({ pool, families }) =>
        Object.entries(families).flatMap(([family, usage]) =>
          Object.entries(usage).map(
            ([state, count]) => [{ pool: pool.name, family: `ipv${family}`, state }, count] as const,
          ),
        ),
      ),
  },
  {
    name: 'routelet_loadbalancer_services',
    help: 'Services that the controller gives addresses, by what became of what they ask for.',
    labels: ['reason'],
    samples: ({ services = new Map() }) => [...services].map(([reason, count]) => [{ reason }, count] as const),
  },
]
