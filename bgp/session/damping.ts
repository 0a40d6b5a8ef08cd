/**
 * How long a peer sits in Idle after its sessions failed (the IdleHoldTime of RFC 4271, section 8.1.1). Short, since a
 * pod that restarts is the normal case; growing only when the peer fails again and again without ever being up.
 */
export function idleHoldSeconds(failuresInARow: number): number {
  const grown = 2 ** Math.max(0, failuresInARow - PATIENCE)
  return Math.min(LONGEST_SECONDS, FIRST_SECONDS * grown)
}

const FIRST_SECONDS = 1
const LONGEST_SECONDS = 60
/** Failures without a wait that grows. */
const PATIENCE = 8
