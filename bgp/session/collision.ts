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

/** The other connection to the same peer. */
export interface Rival {
  readonly state: 'OpenSent' | 'OpenConfirm' | 'Established'
  /** It was established while the connection in question stood already: the peer may have judged before it knew. */
  readonly overtook: boolean
  /** It was negotiated with graceful restart. */
  readonly gracefulRestart: boolean
}

/** What a connection does with the good OPEN that came: goes on, answers later, or ends with a NOTIFICATION. */
export type Verdict = 'goes on' | 'waits' | Notification

/** What becomes of the two: one goes, both go on for now, or the new one is answered when the other has shown more. */
export type Judgement = 'this one goes' | 'the rival goes' | 'both go on' | 'wait'

/**
 * A good OPEN came on a connection while there is another. Both sides must keep the same one, whichever OPEN each of
 * them sees first; so nothing is confirmed to the peer on the one that is to go while the other one may still come up
 * (section 6.8 allows to look at OpenSent where the identifier is known, and it is: by this OPEN).
 *
 * An established one stays, unless the peer may have restarted and lost it without a word (RFC 4724, section 4.2). It
 * has when it goes on with the new connection; when it gives that up, the two only tried at the same time.
 */
export function judgeCollision(
  local: Identity,
  direction: 'active' | 'passive',
  open: Identity & { readonly capabilities: { readonly gracefulRestart?: unknown } },
  rival: Rival,
  mayWait: boolean,
): Judgement {
  const survives = survivor(local, open) === direction
  switch (rival.state) {
    case 'Established':
      if (rival.gracefulRestart && open.capabilities.gracefulRestart) return 'both go on'
      return survives && rival.overtook && mayWait ? 'wait' : 'this one goes'
    case 'OpenConfirm':
      return survives ? 'the rival goes' : 'this one goes'
    case 'OpenSent':
      return survives || !mayWait ? 'the rival goes' : 'wait'
  }
}

/** The session ended for nothing but a collision: no failure. */
export function isCollision(why: Notification | undefined): boolean {
  return why?.code === NotificationCode.Cease && why.subcode === CeaseError.ConnectionCollision
}
