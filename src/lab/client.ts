import { createSocket } from 'node:dgram'
import { get } from 'node:http'

/*
 * The program behind the router: asks the service address and prints what came of it as JSON lines.
 *
 *   client.ts requests ADDRESS PORT COUNT      COUNT requests, each on a connection of its own
 *   client.ts probe ADDRESS PORT INTERVAL_MS   UDP probes until it is told to stop (SIGTERM)
 */

/** A probe without an answer after this long counts as lost. */
const LOST_AFTER_MS = 1000

const [mode, address = '', port = '', number = ''] = process.argv.slice(2)
if (mode === 'requests') await requests(Number(number))
else probe(Number(number))

async function requests(count: number): Promise<void> {
  for (let i = 0; i < count; i++) print({ answer: await requestOnce() })
}

function requestOnce(): Promise<string | null> {
  return new Promise((resolve) => {
    const sent = get({ host: address, port, agent: false, timeout: 2000 }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on('end', () => resolve(text.trim()))
    })
    sent.on('timeout', () => sent.destroy())
    sent.on('error', () => resolve(null))
  })
}

/** Each probe has a source port of its own, so that the router's hash spreads them over all next hops. */
function probe(intervalMs: number): void {
  const timer = setInterval(sendOne, intervalMs)
  process.on('SIGTERM', () => {
    clearInterval(timer)
    // What is under way still gets its answer, or counts as lost.
    setTimeout(() => process.exit(0), LOST_AFTER_MS + 100)
  })
}

function sendOne(): void {
  const at = Date.now()
  const socket = createSocket('udp4')
  const settle = (answer: string | null) => {
    clearTimeout(timer)
    socket.close()
    print({ at, answer })
  }
  const timer = setTimeout(settle, LOST_AFTER_MS, null)
  socket.once('message', (message) => settle(message.toString()))
  socket.once('error', () => settle(null))
  socket.send('?', Number(port), address)
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
