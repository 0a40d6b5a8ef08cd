import type { PeerFamilyStatus, PeerStatus, SessionError } from '../../bgp/contract.ts'
import type { PeerListDocument } from '../api/contract.ts'
import { formatDuration } from './duration.ts'
import { formatDocument, type QueryFlags } from './output.ts'
import { query } from './query.ts'
import { describe, TextTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export async function showPeers(name: string | undefined, flags: QueryFlags, terminal: Terminal): Promise<void> {
  const list = await query<PeerListDocument>(flags.socket, '/v1/peers', name === undefined ? {} : { name })
  terminal.stdout.write(flags.output === 'table' ? table(list, name, Date.now()) : formatDocument(list, flags.output))
}

function table(list: PeerListDocument, name: string | undefined, now: number): string {
  if (name !== undefined) return list.items.map((peer) => formatPeer(peer, now)).join('\n')
  return list.items.length === 0 ? 'No peers are configured.\n' : formatPeers(list.items, now)
}

const COLUMNS = ['NAME', 'ADDRESS', 'AS', 'TYPE', 'STATE', 'SINCE', 'RECEIVED', 'ACCEPTED', 'ADVERTISED', 'LAST ERROR']

/** One line per peer, prefixes of all families together. */
export function formatPeers(peers: readonly PeerStatus[], now: number): string {
  return new TextTable(COLUMNS).render(
    peers.map((peer) => [
      peer.name,
      peer.remoteAddress,
      peer.remoteAsn,
      peer.type === 'unknown' ? undefined : peer.type,
      stateOf(peer),
      formatDuration(now - peer.since),
      ...(['received', 'accepted', 'advertised'] as const).map((what) => prefixes(peer, what)),
      errorOf(peer, now),
    ]),
  )
}

/** Everything about one peer. */
export function formatPeer(peer: PeerStatus, now: number): string {
  const { timers, messages, capabilities } = peer
  const head = describe([
    ['Peer', peer.name],
    ['Listen range', peer.range],
    ['Address', peer.remoteAddress],
    ['AS', `${peer.remoteAsn}${peer.type === 'unknown' ? '' : ` (${peer.type})`}`],
    ['Local', [peer.localAddress, `AS ${peer.localAsn}`].filter(Boolean).join(', ')],
    ['Reflector client', peer.routeReflectorClient ? 'yes' : undefined],
    ['State', `${stateOf(peer)}, for ${formatDuration(now - peer.since)}`],
    ['BGP identifier', peer.remoteBgpIdentifier],
    ['Timers', timers && `hold ${timers.holdSeconds} s, keepalive ${timers.keepaliveSeconds} s`],
    ['Capabilities sent', capabilities?.sent.join(', ')],
    ['… received', capabilities?.received.join(', ')],
    ['Established', peer.timesEstablished === 1 ? 'once' : `${peer.timesEstablished} times`],
    ['Messages', `${messages.received} received, ${messages.sent} sent`],
    ['UPDATEs', `${messages.updatesReceived} received, ${messages.updatesSent} sent`],
    ['Malformed', discarded(peer)],
    ['Last error', peer.lastError && errorText(peer.lastError, now)],
    ['Last attempt', peer.lastAttempt && errorText(peer.lastAttempt, now)],
  ])
  return peer.families.length === 0 ? head : `${head}\n${families(peer.families)}`
}

function families(rows: readonly PeerFamilyStatus[]): string {
  return new TextTable(['FAMILY', 'RECEIVED', 'ACCEPTED', 'ADVERTISED', 'END-OF-RIB']).render(
    rows.map((row) => [
      row.family,
      row.overLimit === undefined ? row.received : `${row.received} (${row.overLimit} over the limit)`,
      row.accepted,
      row.advertised,
      row.endOfRibReceived ? 'received' : 'awaited',
    ]),
  )
}

function stateOf(peer: PeerStatus): string {
  return peer.idleReason === undefined ? peer.state : `${peer.state} (${peer.idleReason})`
}

function prefixes(peer: PeerStatus, what: 'received' | 'accepted' | 'advertised'): number | undefined {
  if (peer.state !== 'Established') return undefined
  return peer.families.reduce((sum, family) => sum + family[what], 0)
}

function discarded(peer: PeerStatus): string | undefined {
  if (peer.discarded.length === 0) return undefined
  return peer.discarded.map(({ what, count }) => `${count} × ${what}`).join(', ')
}

/** Why there is no session, or why the one before it ended. */
function errorOf({ lastError, lastAttempt }: PeerStatus, now: number): string | undefined {
  const error = lastError ?? lastAttempt
  return error && errorText(error, now)
}

/** `sent 6/2 Cease: administrative shutdown, 5m ago` */
function errorText(error: SessionError, now: number): string {
  const code = error.code === undefined ? '' : ` ${error.code}/${error.subcode ?? 0}`
  const direction = error.direction === 'transport' ? '' : `${error.direction}${code} `
  return `${direction}${error.text}, ${formatDuration(now - error.at)} ago`
}
