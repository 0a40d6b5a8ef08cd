import { chmod, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ApiError, fetchDocument } from '../../../src/api/client.ts'
import { serveApi } from '../../../src/api/server.ts'
import { recordingLog } from '../../fakes/log.ts'
import { peerStatus, routeView, statusDocument } from '../../fakes/view.ts'

const log = recordingLog()
const view = { status: () => statusDocument(), peers: () => [peerStatus()], routes: () => ({ routes: [routeView()] }) }

let dir: string
let path: string
const closing: { close(): unknown }[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'routelet-api-'))
  path = join(dir, 'run', 'routelet.sock')
})
afterEach(async () => {
  for (const each of closing.splice(0)) each.close()
  await rm(dir, { recursive: true })
})

const serve = async (at = path) => closing.push(await serveApi(at, view, log))

describe('the socket of the local API', () => {
  test('is made with its folder, and answers', async () => {
    await serve()
    expect(await fetchDocument(path, '/v1/status')).toEqual(statusDocument())
  })

  test('is open to owner and group only', async () => {
    await serve()
    expect((await stat(path)).mode & 0o777).toBe(0o660)
  })

  test('replaces one that a killed process left', async () => {
    await leaveSocketBehind(path)
    await serve()
    expect(await fetchDocument(path, '/v1/peers')).toMatchObject({ items: [peerStatus()] })
  })

  test('is not taken from another that runs', async () => {
    await serve()
    await expect(serve()).rejects.toThrow(`${path} is in use`)
    expect(await fetchDocument(path, '/v1/status')).toEqual(statusDocument())
  })

  test('does not replace a file of another kind', async () => {
    await serve()
    await writeFile(join(dir, 'notes'), 'mine')
    await expect(serve(join(dir, 'notes'))).rejects.toThrow(`${join(dir, 'notes')} exists and is not a socket`)
  })
})

describe('who asks', () => {
  test('hears of a fault of ours, which is logged and ends nothing', async () => {
    const broken = {
      ...view,
      peers: () => {
        throw new TypeError('a bug')
      },
    }
    closing.push(await serveApi(path, broken, log))
    await expect(fetchDocument(path, '/v1/peers')).rejects.toThrow('routelet failed to answer; its log says why')
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { url: '/v1/peers' } })
    expect(await fetchDocument(path, '/v1/status')).toEqual(statusDocument())
  })

  test('hears why the API refuses', async () => {
    await serve()
    await expect(fetchDocument(path, '/v1/peers', { name: 'x' })).rejects.toThrow('no peer has the name or address x')
  })

  test('hears that there is no socket, and what to check', async () => {
    await expect(fetchDocument(path, '/v1/status')).rejects.toThrow(`there is no socket ${path}: is routelet agent`)
  })

  test('hears that nobody listens', async () => {
    await leaveSocketBehind(path)
    await expect(fetchDocument(path, '/v1/status')).rejects.toThrow(`nobody listens on ${path}`)
  })

  test('hears that something else listens', async () => {
    await serve()
    const other = createServer((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n<html>'))
    closing.push(other)
    const at = join(dir, 'other.sock')
    await new Promise<void>((resolve) => other.listen(at, resolve))
    await expect(fetchDocument(at, '/v1/status')).rejects.toThrow(ApiError)
  })

  test.skipIf(process.getuid?.() === 0)('hears that it may not (root may everything)', async () => {
    await serve()
    await chmod(path, 0)
    await expect(fetchDocument(path, '/v1/status')).rejects.toThrow('permission denied')
  })
})

/** A socket file whose owner is gone: Node unlinks on close, so it is made under another name and renamed. */
async function leaveSocketBehind(at: string): Promise<void> {
  await mkdir(join(at, '..'), { recursive: true })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${at}.tmp`, resolve))
  await rename(`${at}.tmp`, at)
  await new Promise((resolve) => server.close(resolve))
}
