import type { Negotiating, SessionEvent, Step } from '../session.ts'
import { fail, messageType, notified, stay, unexpected } from '../transitions.ts'
import { negotiated } from './negotiated.ts'

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
    case 'TimerExpired':
    case 'ConnectionFailed':
    case 'Stop':
    case 'Start':
    case 'ConnectionOpened':
      return negotiated(session, event)
  }
}
