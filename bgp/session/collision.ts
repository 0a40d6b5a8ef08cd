import { type Address, addressWords } from '../../routing/ip/address.ts'
import { CeaseError, NotificationCode } from '../wire/iana.ts'
import type { Notification } from '../wire/notification.ts'

export interface Identity {
  readonly bgpIdentifier: Address
  readonly asn: number
}

/**
 * Which of two connections between the same peers survives (RFC 4271, section 6.8; RFC 6286, section 2.3): the one
 * opened by the side with the higher BGP identifier, or with the higher AS when identifiers are equal.
 */
export function survivor(local: Identity, remote: Identity): 'active' | 'passive' {
  const [ours = 0] = addressWords(local.bgpIdentifier)
  const [theirs = 0] = addressWords(remote.bgpIdentifier)
  if (ours !== theirs) return ours > theirs ? 'active' : 'passive'
  return local.asn > remote.asn ? 'active' : 'passive'
}

/** The other connection to the same peer, as far as it is negotiated. */
export interface Rival {
  readonly established: boolean
  /** It was negotiated with graceful restart. */
  readonly gracefulRestart: boolean
}

/**
 * An OPEN came on a connection while there is another: which of the two goes? An established one stays, unless the peer
 * may have restarted and lost it without a word (RFC 4724, section 4.2). It has when it goes on with the new connection;
 * when it gives that up, the two only tried at the same time.
 */
export function judgeCollision(
  local: Identity,
  direction: 'active' | 'passive',
  open: Identity & { readonly capabilities: { readonly gracefulRestart?: unknown } },
  rival: Rival,
): 'this one' | 'the rival' | 'neither yet' {
  if (rival.established) {
    return rival.gracefulRestart && open.capabilities.gracefulRestart ? 'neither yet' : 'this one'
  }
  return survivor(local, open) === direction ? 'the rival' : 'this one'
}

/** The session ended for nothing but a collision: no failure. */
export function isCollision(why: Notification | undefined): boolean {
  return why?.code === NotificationCode.Cease && why.subcode === CeaseError.ConnectionCollision
}
