import net from 'node:net'
import { argv } from 'node:process'
import { KEEPALIVE, open } from '../octets.ts'

/** Takes sessions and sends whatever one peer says to all the others, octet for octet. */
const peers = new Set<net.Socket>()

net
  .createServer((socket) => {
    let greeted = false
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => peers.delete(socket))
    socket.on('data', (chunk) => {
      if (greeted) {
        // KEEPALIVEs alone are not news.
        if (chunk.length > KEEPALIVE.length) for (const peer of peers) if (peer !== socket) peer.write(chunk)
        return
      }
      greeted = true
      socket.write(open(65000, [10, 99, 0, 1], 180))
      socket.write(KEEPALIVE)
      peers.add(socket)
    })
  })
  .listen(179, argv[2], 1024)
