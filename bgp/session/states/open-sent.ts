import { MessageType } from '../../wire/iana.ts'
import { negotiate } from '../negotiate.ts'
import type { Session, SessionEvent, Step } from '../session.ts'
import {
  disconnected,
  fail,
  holdTimerExpired,
  livenessTimers,
  messageType,
  notified,
  stay,
  stop,
  unexpected,
} from '../transitions.ts'

/** OpenSent (RFC 4271, section 8.2.2): our OPEN is out, the peer's is awaited. */
export function openSent(session: Session, event: SessionEvent): Step {
  switch (event.type) {
    case 'MessageReceived': {
      const { message } = event
      if (message.type === 'NOTIFICATION') return notified(session, message.notification)
      if (message.type !== 'OPEN') return fail(session, unexpected(messageType(message), 'OpenSent'))
      const outcome = negotiate(session.config, message.open)
      if (!outcome.ok) return fail(session, outcome.notification, outcome.text)
      return {
        session: { state: 'OpenConfirm', config: session.config, negotiated: outcome.negotiated },
        actions: [{ type: 'Send', message: { type: 'KEEPALIVE' } }, ...livenessTimers(outcome.negotiated)],
      }
    }

    case 'UpdateReceived':
      return fail(session, unexpected(MessageType.Update, 'OpenSent'))

    case 'FaultFound':
      return fail(session, event.notification, event.text)

    case 'TimerExpired':
      return event.timer === 'Hold' ? fail(session, holdTimerExpired) : stay(session)

    case 'ConnectionFailed':
      return disconnected(session, event.error)

    case 'Stop':
      return stop(session, event.notification)

    case 'Start':
    case 'ConnectionOpened':
      return stay(session)
  }
}
