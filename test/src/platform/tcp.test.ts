import { setImmediate as turn } from 'node:timers/promises'
import { address } from '../../../routing/ip/address.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { openTcp } from '../../../src/platform/tcp.ts'
import { type Transport, transportContract } from '../../contracts/transport.ts'
import { eventually } from '../../eventually.ts'
import { silentLog } from '../../fakes/log.ts'

/** The kernel's loopback hands over within the call, so a few turns of the event loop show all there is to see. */
const IDLE_TURNS = 50

function loopback(serverAddress: string, clientAddress: string): Transport {
  return {
    ...openTcp({ clock: systemClock, log: silentLog }),
    serverAddress: address(serverAddress),
    clientAddress: address(clientAddress),
    until: async (what, condition) => void (await eventually(what, condition)),
    idle: async () => {
      for (let i = 0; i < IDLE_TURNS; i++) await turn()
    },
  }
}

transportContract('TCP over IPv4', () => loopback('127.0.0.1', '127.0.0.2'))
transportContract('TCP over IPv6', () => loopback('::1', '::1'))
