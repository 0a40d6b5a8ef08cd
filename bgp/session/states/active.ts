import type { Session, SessionEvent, Step } from '../session.ts'
import { giveUp, stay } from '../transitions.ts'
import { greet } from './greet.ts'

/** Active: waiting for the peer to connect, and for the time to try again ourselves. */
export function active(session: Session, event: SessionEvent): Step {
  switch (event.type) {
    case 'ConnectionOpened':
      return greet(session.config)

    case 'TimerExpired':
      if (event.timer !== 'ConnectRetry' || session.config.passive) return stay(session)
      return { session: { state: 'Connect', config: session.config }, actions: [{ type: 'Dial' }] }

    case 'Stop':
      return giveUp(session)

    case 'Start':
    case 'ConnectionFailed':
    case 'MessageReceived':
    case 'UpdateReceived':
    case 'FaultFound':
      return stay(session)
  }
}
