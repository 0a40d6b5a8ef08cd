import { MessageType } from '../../wire/iana.ts'
import type { Negotiating, SessionEvent, Step } from '../session.ts'
import { fail, messageType, notified, stay, unexpected } from '../transitions.ts'
import { negotiated } from './negotiated.ts'

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
    case 'TimerExpired':
    case 'ConnectionFailed':
    case 'Stop':
    case 'Start':
    case 'ConnectionOpened':
      return negotiated(session, event)
  }
}
