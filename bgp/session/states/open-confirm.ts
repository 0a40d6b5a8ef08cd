import { MessageType } from '../../wire/iana.ts'
import type { Negotiating, SessionEvent, Step } from '../session.ts'
import { disconnected, fail, holdTimerExpired, messageType, notified, stay, stop, unexpected } from '../transitions.ts'

/** OpenConfirm: both OPENs agree, the peer's KEEPALIVE is awaited. */
export function openConfirm(session: Negotiating, event: SessionEvent): Step {
  switch (event.type) {
    case 'MessageReceived': {
      const { message } = event
      switch (message.type) {
        case 'KEEPALIVE':
          return {
            session: { ...session, state: 'Established' },
            actions: [{ type: 'Established', negotiated: session.negotiated }],
          }
        case 'NOTIFICATION':
          return notified(session, message.notification)
        case 'OPEN':
        case 'ROUTE-REFRESH':
          return fail(session, unexpected(messageType(message), 'OpenConfirm'))
      }
      return stay(session)
    }

    case 'UpdateReceived':
      return fail(session, unexpected(MessageType.Update, 'OpenConfirm'))

    case 'FaultFound':
      return fail(session, event.notification, event.text)

    case 'TimerExpired':
      switch (event.timer) {
        case 'Hold':
          return fail(session, holdTimerExpired)
        case 'Keepalive':
          return stay(session, [{ type: 'Send', message: { type: 'KEEPALIVE' } }])
        case 'ConnectRetry':
          return stay(session)
      }
      return stay(session)

    case 'ConnectionFailed':
      return disconnected(session, event.error)

    case 'Stop':
      return stop(session, event.notification)

    case 'Start':
    case 'ConnectionOpened':
      return stay(session)
  }
}
