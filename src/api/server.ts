import { lstat, mkdir, unlink } from 'node:fs/promises'
import type { IncomingMessage, Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import type { Log } from '../../bgp/ports.ts'
import { EXIT_FAILED, Failure } from '../failure.ts'
import { http } from '../platform/http.ts'
import { type Answer, answer, internalError, type View } from './handlers.ts'

/** Owner and group may talk to the socket, nobody else. */
const SOCKET_UMASK = 0o117

/** Serves the local API on a unix socket; resolves once it listens, or fails with a line that says why it cannot. */
export async function serveApi(path: string, view: View, log: Pick<Log, 'error'>): Promise<{ close(): void }> {
  await makeRoom(path)
  const server = http.createServer((request, response) => {
    const { status, document } = safeAnswer(view, request, log)
    const body = `${JSON.stringify(document)}\n`
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
  await listen(server, path)
  return {
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function safeAnswer(view: View, { method = 'GET', url = '/' }: IncomingMessage, log: Pick<Log, 'error'>): Answer {
  try {
    return answer(view, method, url)
  } catch (error) {
    log.error({ err: error, method, url }, 'a question could not be answered')
    return internalError()
  }
}

/** A socket left behind by a killed process is removed; a live one, or a file of another kind, is not. */
async function makeRoom(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw unavailable(`${path} exists and is not a socket`)
  if (await answers(path))
    throw unavailable(`${path} is in use: another routelet runs here; give one of them another --socket`)
  await unlink(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(unavailable(`cannot listen on ${path}: ${error.message}`, error)))
    server.once('listening', resolve)
    // The socket is bound inside the call, so nobody sees it with other rights.
    const umask = process.umask(SOCKET_UMASK)
    server.listen(path)
    process.umask(umask)
  })
}

function unavailable(why: string, cause?: unknown): Failure {
  return new Failure(EXIT_FAILED, [why], cause)
}
