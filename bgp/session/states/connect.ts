import type { Session, SessionEvent, Step } from '../session.ts'
import { giveUp, stay } from '../transitions.ts'
import { greet } from './greet.ts'

/** Connect: a connection is being made. */
export function connect(session: Session, event: SessionEvent): Step {
  switch (event.type) {
    case 'ConnectionOpened':
      return greet(session.config)

    case 'ConnectionFailed':
      return {
        session: { state: 'Active', config: session.config },
        actions: [
          { type: 'StopTimers' },
          { type: 'StartTimer', timer: 'ConnectRetry', seconds: session.config.connectRetrySeconds },
        ],
      }

    case 'Stop':
      return giveUp(session)

    case 'Start':
    case 'TimerExpired':
    case 'MessageReceived':
    case 'UpdateReceived':
    case 'FaultFound':
      return stay(session)
  }
}
