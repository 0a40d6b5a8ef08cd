import type { Session, SessionEvent, Step } from './session.ts'
import { active } from './states/active.ts'
import { connect } from './states/connect.ts'
import { established } from './states/established.ts'
import { idle } from './states/idle.ts'
import { openConfirm } from './states/open-confirm.ts'
import { openSent } from './states/open-sent.ts'

/** One event through the machine of RFC 4271, section 8: pure; the caller carries the actions out. */
export function step(session: Session, event: SessionEvent): Step {
  switch (session.state) {
    case 'Idle':
      return idle(session, event)
    case 'Connect':
      return connect(session, event)
    case 'Active':
      return active(session, event)
    case 'OpenSent':
      return openSent(session, event)
    case 'OpenConfirm':
      return openConfirm(session, event)
    case 'Established':
      return established(session, event)
  }
}
