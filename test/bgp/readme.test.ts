import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { hex, keepalive, open } from './raw-peer.ts'

const folder = join(import.meta.dirname, '../../bgp')

test('the example in bgp/README.md is a speaker', async () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(folder, 'README.md'), 'utf8'))?.[1]
  const lines = code!.split('\n').filter((line) => line !== '' && !line.startsWith('import'))
  expect(lines.length).toBeLessThanOrEqual(20)

  const file = join(folder, `.readme-example-${process.pid}.ts`)
  let heard = ''
  const router = net.createServer((socket) => {
    socket.write(Uint8Array.from([...open({ asn: 65001 }), ...keepalive]))
    socket.on('data', (chunk) => {
      heard += hex(chunk)
    })
    socket.on('error', () => {})
  })
  const port = await new Promise<number>((resolve) => {
    router.listen(0, '127.0.0.2', () => resolve((router.address() as net.AddressInfo).port))
  })
  writeFileSync(file, code!.replace('localAsn: 65000 }', `localAsn: 65000, port: ${port} }`).replace('1790', '0'))
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
    router.close()
    rmSync(file, { force: true })
  })
  // NLRI 192.0.2.0/24 at the end of an UPDATE.
  await eventually('the route at the router', () => heard.includes('18c00002'), 10_000)
})
