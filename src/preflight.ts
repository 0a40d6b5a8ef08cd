import { readFileSync } from 'node:fs'
import { EXIT_FAILED, Failure } from './failure.ts'

/** Bits of capabilities(7). */
const CAP_NET_ADMIN = 12n

/** Ends with one line when this process may not do what an agent does. */
export function requireNetAdmin(): void {
  if (hasCapability(effectiveCapabilities(), CAP_NET_ADMIN)) return
  throw new Failure(EXIT_FAILED, [
    'the agent needs the capability NET_ADMIN to install routes: run it as root, or add NET_ADMIN to the securityContext of its container',
  ])
}

export function hasCapability(mask: bigint, bit: bigint): boolean {
  return ((mask >> bit) & 1n) === 1n
}

function effectiveCapabilities(): bigint {
  const [, hex = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return BigInt(`0x${hex}`)
}
