import { CeaseError, FsmError, MessageType, NotificationCode } from '../wire/iana.ts'
import type { Message } from '../wire/message.ts'
import { describeNotification, hardReset, type Notification, notification } from '../wire/notification.ts'
import type { Ending, Negotiated, Session, SessionAction, Step } from './session.ts'

/** Nothing changes. */
export function stay(session: Session, actions: readonly SessionAction[] = []): Step {
  return { session, actions }
}

/** We end it: NOTIFICATION when there is something to say, then Idle. */
export function stop(session: Session, reason: Notification | undefined): Step {
  const why = reason && asHardReset(session, reason)
  const text = why === undefined ? 'closed for a graceful restart' : describeNotification(why)
  return end(session, 'sent', why, text, why === undefined ? [] : [sending(why)])
}

/** We give up an attempt: there is nobody to tell. */
export function giveUp(session: Session): Step {
  return end(session, 'none', undefined, 'given up', [])
}

/** Something broke the protocol: NOTIFICATION, then Idle. */
export function fail(session: Session, reason: Notification, text = describeNotification(reason)): Step {
  const why = asHardReset(session, reason)
  return end(session, 'sent', why, text, [sending(why)])
}

/** RFC 8538, section 5.1: what is meant to last must not be taken for a restart. */
function asHardReset(session: Session, why: Notification): Notification {
  const lasts = why.code === NotificationCode.Cease && LASTING.has(why.subcode)
  return lasts && session.state === 'Established' && session.negotiated.notificationRestart ? hardReset(why) : why
}

const LASTING: ReadonlySet<number> = new Set([
  CeaseError.MaximumPrefixes,
  CeaseError.AdministrativeShutdown,
  CeaseError.PeerDeconfigured,
  CeaseError.AdministrativeReset,
])

/** The peer said why it goes; never answered (RFC 4271, section 6.4). */
export function notified(session: Session, why: Notification): Step {
  return end(session, 'received', why, describeNotification(why), [])
}

/** The connection is gone. */
export function disconnected(session: Session, error: string): Step {
  return end(session, 'transport', undefined, error, [])
}

export const holdTimerExpired = notification(NotificationCode.HoldTimerExpired)

/** RFC 6608: which message came where it must not, its type as data. */
export function unexpected(type: number, state: 'OpenSent' | 'OpenConfirm' | 'Established'): Notification {
  const subcodes = {
    OpenSent: FsmError.UnexpectedInOpenSent,
    OpenConfirm: FsmError.UnexpectedInOpenConfirm,
    Established: FsmError.UnexpectedInEstablished,
  }
  return notification(NotificationCode.FiniteStateMachine, subcodes[state], [type])
}

export function messageType(message: Message): number {
  switch (message.type) {
    case 'OPEN':
      return MessageType.Open
    case 'NOTIFICATION':
      return MessageType.Notification
    case 'KEEPALIVE':
      return MessageType.Keepalive
    case 'ROUTE-REFRESH':
      return MessageType.RouteRefresh
  }
}

/** Hold and keepalive as negotiated; neither when the hold time is zero (RFC 4271, section 4.2). */
export function livenessTimers({ holdSeconds, keepaliveSeconds }: Negotiated): SessionAction[] {
  if (holdSeconds === 0) return [{ type: 'StopTimers' }]
  return [
    { type: 'StartTimer', timer: 'Hold', seconds: holdSeconds },
    { type: 'StartTimer', timer: 'Keepalive', seconds: keepaliveSeconds },
  ]
}

function sending(why: Notification): SessionAction {
  return { type: 'Send', message: { type: 'NOTIFICATION', notification: why } }
}

function end(
  session: Session,
  direction: Ending['direction'],
  why: Notification | undefined,
  text: string,
  first: readonly SessionAction[],
): Step {
  return {
    session: { state: 'Idle', config: session.config },
    actions: [
      ...first,
      { type: 'Close' },
      { type: 'StopTimers' },
      { type: 'Ended', ending: { direction, notification: why, text } },
    ],
  }
}
