import type { Prefix } from '../../routing/ip/prefix.ts'
import type { Announcement, KernelIntent } from '../contract.ts'
import { unnumberedLinks } from './peer-objects.ts'
import type { Session } from './session.ts'
import type { Context, Viewpoint } from './viewpoint.ts'

/** What may and what must never be in the kernel; a reflector installs nothing. */
export function kernelIntent(
  context: Context,
  sessions: readonly Session[],
  announcements: readonly Announcement[],
  viewpoint: Viewpoint,
): KernelIntent | undefined {
  const { cluster, config, self } = context
  if (self.role === 'reflector') return undefined
  const { table, metric, protocol, maxPaths, blackholePodCIDR } = config.spec.kernel
  const pods = self.node?.podPrefixes ?? []
  const services = announcements
    .filter(({ object, silentBecause }) => object.startsWith('Service ') && silentBecause === undefined)
    .map(({ prefix }) => prefix)
    .filter((prefix): prefix is Prefix => prefix !== undefined)
  const peers = sessions.flatMap((session) => (session.type === 'peer' ? [session.config.remoteAddress] : []))
  return {
    table,
    metric,
    protocol,
    maxPaths,
    installLearned: config.spec.podNetwork.install,
    blackholes: blackholePodCIDR ? pods : [],
    ownPrefixes: distinct([...pods, ...services]),
    advertiseOn: distinct(unnumberedLinks(context)),
    protectedAddresses: distinct([...cluster.apiServerAddresses, ...(viewpoint.apiServerAddresses ?? []), ...peers]),
  }
}

function distinct<T extends string>(items: readonly T[]): T[] {
  return [...new Set(items)].toSorted()
}
