import type { Negotiating, SessionEvent, Step } from '../session.ts'
import { disconnected, fail, holdTimerExpired, stay, stop } from '../transitions.ts'

type Common = Exclude<SessionEvent, { readonly type: 'MessageReceived' | 'UpdateReceived' }>

/** What OpenConfirm and Established answer alike: faults, timers, the end of the connection. */
export function negotiated(session: Negotiating, event: Common): Step {
  switch (event.type) {
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
