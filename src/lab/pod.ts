import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'

// The program of a pod of the lab: says its name to whoever asks, by HTTP and by UDP.
const [name = 'pod', port = '8080'] = process.argv.slice(2)

createServer((_, response) => response.end(`${name}\n`)).listen(Number(port), '0.0.0.0')

const echo = createSocket('udp4')
echo.on('message', (_, from) => echo.send(name, from.port, from.address))
echo.bind(Number(port), '0.0.0.0')
