import type { Clock, Dialer, Listener, Log } from '../../bgp/ports.ts'
import { TcpDialer } from './tcp-dialer.ts'
import { TcpListener } from './tcp-listener.ts'

/** A slow peer is told to wait when this much is queued for it. */
const HIGH_WATER_OCTETS = 1_048_576

export interface TcpOptions {
  readonly clock: Clock
  readonly log: Log
  readonly highWaterOctets?: number
}

/** TCP of this host, as the speaker asks for it. */
export function openTcp(options: TcpOptions): { readonly dialer: Dialer; readonly listener: Listener } {
  const { clock, log, highWaterOctets = HIGH_WATER_OCTETS } = options
  return {
    dialer: new TcpDialer(clock, highWaterOctets),
    listener: new TcpListener({ clock, log, highWaterOctets }),
  }
}
