import { constants } from 'node:os'
import { Operation, RouteBatch } from '../fib/route-batch.ts'
import { prefix, prefixWords } from '../ip/prefix.ts'
import { MessageType } from './constants.ts'
import { KernelError } from './errors.ts'
import { RouteEncoder } from './route-encoder.ts'
import { NetlinkSocket, type SocketPorts } from './socket.ts'

/**
 * Finds out whether this process may change kernel routes, by asking to remove one that cannot exist: permission is
 * checked first.
 */
export function probe(ports: SocketPorts): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (errno: number) => {
      socket.close()
      const denied = errno === constants.errno.EPERM || errno === constants.errno.EACCES
      if (denied) reject(new KernelError(errno, 'cannot change kernel routes, CAP_NET_ADMIN is missing'))
      else resolve()
    }
    const socket = new NetlinkSocket(ports, {
      message: ({ type, view, start }) => {
        if (type === MessageType.Error) finish(-view.getInt32(start, true))
      },
      overflow: () => finish(0),
      failed: (error) => finish(error.errno),
    })
    for (const part of new RouteEncoder().encode(removalOfNothing(), 1)) socket.send(part)
  })
}

/** Of a protocol and a metric that nobody has, for an address that has no route. */
function removalOfNothing(): RouteBatch {
  const batch = new RouteBatch()
  batch.table = 252
  batch.protocol = 255
  batch.add(Operation.Delete, prefixWords(prefix('255.255.255.255/32')), undefined, 0xffffffff)
  return batch
}
