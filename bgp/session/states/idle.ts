import type { Session, SessionEvent, Step } from '../session.ts'
import { stay } from '../transitions.ts'
import { greet } from './greet.ts'

/** Idle: nothing is tried until Start; how long that takes after a failure is the peer's affair (see damping.ts). */
export function idle(session: Session, event: SessionEvent): Step {
  switch (event.type) {
    case 'Start':
      if (session.config.passive) return { session: { state: 'Active', config: session.config }, actions: [] }
      return { session: { state: 'Connect', config: session.config }, actions: [{ type: 'Dial' }] }

    case 'ConnectionOpened':
      return greet(session.config)

    case 'Stop':
    case 'ConnectionFailed':
    case 'TimerExpired':
    case 'MessageReceived':
    case 'UpdateReceived':
    case 'FaultFound':
      return stay(session)
  }
}
