import type { StatusDocument } from '../api/contract.ts'
import { formatDuration } from './duration.ts'
import { formatDocument, type QueryFlags } from './output.ts'
import { query } from './query.ts'
import { describe, TextTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export async function showStatus(flags: QueryFlags, terminal: Terminal): Promise<void> {
  const status = await query<StatusDocument>(flags.socket, '/v1/status')
  terminal.stdout.write(flags.output === 'table' ? formatStatus(status) : formatDocument(status, flags.output))
}

/** For people: what it is, whether it is well, what it announces, what is wrong. */
export function formatStatus(status: StatusDocument): string {
  return [summary(status), announcements(status), problems(status)].filter((part) => part !== '').join('\n')
}

function summary(status: StatusDocument): string {
  const { sessions, ribRoutes } = status
  return describe([
    ['Node', `${status.node} (${status.role}, routelet ${status.version})`],
    ['AS', status.asn === undefined ? undefined : `${status.asn}, BGP identifier ${status.bgpIdentifier}`],
    ['Listens', status.listenPort === undefined ? undefined : `TCP port ${status.listenPort}`],
    ['Up', formatDuration(status.uptimeSeconds * 1000)],
    ['Ready', status.ready ? 'yes' : `no, waiting for ${status.waitingFor.join(', ')}`],
    ['Configuration', configuration(status)],
    ['Sessions', `${sessions.established} of ${sessions.configured} established`],
    ['RIB', `${ribRoutes.ipv4} IPv4 and ${ribRoutes.ipv6} IPv6 prefixes`],
    ['Kernel', kernel(status)],
  ])
}

function configuration({ configuration }: StatusDocument): string {
  const { source, synced, detail, fromStateDir } = configuration
  const kept = fromStateDir ? '; the configuration in force was kept from an earlier run' : ''
  return `${source}, ${synced ? 'synced' : `not synced: ${detail}`}${kept}`
}

function kernel({ kernelRoutes }: StatusDocument): string | undefined {
  if (!kernelRoutes) return undefined
  const { wanted, installed } = kernelRoutes
  const trouble = (['pending', 'inactive', 'failed', 'refused'] as const)
    .filter((state) => kernelRoutes[state] > 0)
    .map((state) => `${kernelRoutes[state]} ${state}`)
  return [`${installed} of ${wanted} routes installed`, ...trouble].join(', ')
}

function announcements(status: StatusDocument): string {
  if (status.announcements.length === 0) return ''
  return new TextTable(['PREFIX', 'OBJECT', 'ANNOUNCED TO', 'SILENT BECAUSE']).render(
    status.announcements.map((each) => [each.prefix, each.object, each.peers.join(','), each.silentBecause]),
  )
}

function problems(status: StatusDocument): string {
  if (status.problems.length === 0) return ''
  return new TextTable(['PROBLEM', 'OBJECT', 'FIELD', 'MESSAGE']).render(
    status.problems.map((each) => [each.kind, each.object, each.path, each.message]),
  )
}
