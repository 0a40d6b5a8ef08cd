import type { Negotiating, SessionEvent, Step } from '../session.ts'
import { disconnected, fail, holdTimerExpired, messageType, notified, stay, stop, unexpected } from '../transitions.ts'

/** Established: routes flow, past this machine; what it sees of them is that the peer lives. */
export function established(session: Negotiating, event: SessionEvent): Step {
  switch (event.type) {
    case 'MessageReceived': {
      const { message } = event
      switch (message.type) {
        case 'KEEPALIVE':
          return stay(session)
        case 'NOTIFICATION':
          return notified(session, message.notification)
        case 'OPEN':
          return fail(session, unexpected(messageType(message), 'Established'))
        case 'ROUTE-REFRESH':
          return stay(session, [{ type: 'RefreshAsked', family: message.family, subtype: message.subtype }])
      }
      return stay(session)
    }

    case 'UpdateReceived':
      return stay(session)

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
