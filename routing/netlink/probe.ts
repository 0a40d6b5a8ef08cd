import { constants } from 'node:os'
import { Operation, RouteBatch } from '../fib/route-batch.ts'
import { prefix, prefixWords } from '../ip/prefix.ts'
import { MessageType } from './constants.ts'
import { KernelError } from './errors.ts'
import { objectRequest } from './requests.ts'
import { RouteEncoder } from './route-encoder.ts'
import { NetlinkSocket, type SocketPorts } from './socket.ts'

/** What this process can do with the kernel's routes. */
export interface Abilities {
  /** The kernel has next-hop objects: Linux 5.3 and later. */
  readonly hasGroups: boolean
}

const REMOVAL = 1
const QUESTION = 2

/**
 * Finds out whether this process may change kernel routes, by asking to remove one that cannot exist: permission is
 * checked first. Then asks for a next-hop object that cannot exist: a kernel without them knows not even the question.
 */
export function probe(ports: SocketPorts): Promise<Abilities> {
  return new Promise((resolve, reject) => {
    const finish = (errno: number) => {
      socket.close()
      if (isDenial(errno)) reject(new KernelError(errno, 'cannot change kernel routes, CAP_NET_ADMIN is missing'))
      else resolve({ hasGroups: errno === constants.errno.ENOENT })
    }
    const socket = new NetlinkSocket(ports, {
      message: ({ type, sequence, view, start }) => {
        if (type !== MessageType.Error) return
        const errno = -view.getInt32(start, true)
        if (sequence === QUESTION || isDenial(errno)) finish(errno)
      },
      overflow: () => finish(0),
      failed: (error) => finish(error.errno),
    })
    for (const part of new RouteEncoder().encode(removalOfNothing(), REMOVAL)) socket.send(part)
    socket.send(objectRequest(LAST_NUMBER, QUESTION))
  })
}

function isDenial(errno: number): boolean {
  return errno === constants.errno.EPERM || errno === constants.errno.EACCES
}

const LAST_NUMBER = 0xffffffff

/** Of a protocol and a metric that nobody has, for an address that has no route. */
function removalOfNothing(): RouteBatch {
  const batch = new RouteBatch()
  batch.table = 252
  batch.protocol = 255
  batch.add(Operation.Delete, prefixWords(prefix('255.255.255.255/32')), undefined, 0xffffffff)
  return batch
}
