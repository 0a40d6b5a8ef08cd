import { capabilityCodes } from '../../wire/capabilities.ts'
import type { SessionConfig, Step } from '../session.ts'

/** RFC 4271, section 8.2.2: while waiting for the peer's OPEN the hold timer is "a large value". */
const OPEN_HOLD_SECONDS = 240

/** A connection stands: our OPEN goes out and the peer's is awaited. */
export function greet(config: SessionConfig): Step {
  const capabilities = { ...config.offers, codes: capabilityCodes(config.offers) }
  const open = {
    asn: config.localAsn,
    holdSeconds: config.holdSeconds,
    bgpIdentifier: config.bgpIdentifier,
    capabilities,
  }
  return {
    session: { state: 'OpenSent', config },
    actions: [
      { type: 'StopTimers' },
      { type: 'Send', message: { type: 'OPEN', open } },
      { type: 'StartTimer', timer: 'Hold', seconds: OPEN_HOLD_SECONDS },
    ],
  }
}
