import type { SocketTuning } from '../../routing/netlink/tuning.ts'
import { attachFilter, dropOnOverflow, forceReceiveBuffer, shortenErrors } from './socket-options.ts'

/** What the netlink sockets of the kernel side need and Node cannot set. */
export const netlinkTuning: SocketTuning = { attachFilter, dropOnOverflow, forceReceiveBuffer, shortenErrors }
