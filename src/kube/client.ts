import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { type Address, parseAddress } from '../../routing/ip/address.ts'

/** A way to the API server: requests that are answered whole, and watches that go on. */
export interface KubeClient {
  /** `https://10.0.0.1:6443`, for messages. */
  readonly server: string
  /** Addresses the server was seen to answer at. */
  readonly serverAddresses: ReadonlySet<Address>
  request(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: RequestBody): Promise<unknown>
  /** Resolves when the server ends the stream. */
  stream(path: string, signal: AbortSignal, events: StreamEvents): Promise<void>
}

export interface StreamEvents {
  opened(): void
  /** Each line, parsed. What it throws ends the stream. */
  line(value: unknown): void
}

export interface RequestBody {
  readonly type:
    | 'application/json'
    | 'application/merge-patch+json'
    | 'application/strategic-merge-patch+json'
    | 'application/apply-patch+yaml'
  readonly value: unknown
}

/** The server answered, and the answer is no. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The server did not answer, or not in words we know. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code = 'API_SERVER_AWAY'
}

/** No answer to a whole request takes longer than this. */
const REQUEST_TIMEOUT_MS = 30_000
/** A connection whose other end is gone is noticed after this, though a watch may be silent for long. */
const KEEPALIVE_MS = 10_000

/** From a kubeconfig, or without one from the service account of the pod. Throws where there is neither. */
export function kubeClient(kubeconfig: string | undefined): KubeClient {
  const config = new KubeConfig()
  if (kubeconfig === undefined) loadFromCluster(config)
  else config.loadFromFile(kubeconfig)
  const cluster = config.getCurrentCluster()
  if (!cluster) throw new ConnectionError(`${kubeconfig ?? 'the service account'} names no cluster`)
  return new HttpKubeClient(config, cluster.server.replace(/\/$/, ''))
}

function loadFromCluster(config: KubeConfig): void {
  if (process.env['KUBERNETES_SERVICE_HOST'] === undefined)
    throw new ConnectionError('this is no pod of a cluster: give --config or --kubeconfig')
  config.loadFromCluster()
}

interface OpenOptions {
  readonly body?: RequestBody
  readonly signal?: AbortSignal
  readonly timeout?: number
}

class HttpKubeClient implements KubeClient {
  readonly server: string
  readonly serverAddresses = new Set<Address>()
  readonly #config: KubeConfig

  constructor(config: KubeConfig, server: string) {
    this.#config = config
    this.server = server
  }

  async request(method: string, path: string, body?: RequestBody): Promise<unknown> {
    const response = await this.#open(method, path, { ...(body && { body }), timeout: REQUEST_TIMEOUT_MS })
    return parseJson(await answer(response))
  }

  async stream(path: string, signal: AbortSignal, events: StreamEvents): Promise<void> {
    const response = await this.#open('GET', path, { signal })
    if (response.statusCode !== 200) await answer(response)
    events.opened()
    await readLines(response, (text) => events.line(parseJson(text)))
  }

  async #open(method: string, path: string, { body, ...rest }: OpenOptions): Promise<IncomingMessage> {
    const headers = { accept: 'application/json', ...(body && { 'content-type': body.type }) }
    const options: RequestOptions = { method, headers, ...rest }
    // Adds what proves who we are, and whom we trust; tokens in files are read again when they change.
    await this.#config.applyToHTTPSOptions(options).catch((error) => {
      throw asConnectionError(error)
    })
    const url = new URL(this.server + path)
    const request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options)
    request.on('timeout', () => request.destroy(new ConnectionError('no answer in time')))
    request.on('socket', (socket) => {
      socket.setKeepAlive(true, KEEPALIVE_MS)
      socket.on('connect', () => {
        const address = parseAddress(socket.remoteAddress?.replace(/^::ffff:/, '') ?? '')
        if (address !== undefined) this.serverAddresses.add(address)
      })
    })
    return respond(request, body)
  }
}

function respond(request: ClientRequest, body: RequestBody | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', (error) => reject(asConnectionError(error)))
    // JSON is YAML, which is what the type of server-side apply says.
    request.end(body && JSON.stringify(body.value))
  })
}

async function answer(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) text += chunk
  } catch (error) {
    throw asConnectionError(error)
  }
  const status = response.statusCode ?? 0
  if (status < 200 || status > 299) throw new ApiError(status, statusMessage(text) ?? `HTTP status ${status}`)
  return text
}

async function readLines(response: IncomingMessage, line: (text: string) => void): Promise<void> {
  let rest = ''
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) if (text !== '') line(text)
    }
  } catch (error) {
    throw error instanceof ApiError ? error : asConnectionError(error)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConnectionError('the answer is not JSON', { cause })
  }
}

/** What the server says in a `Status` object. */
function statusMessage(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text)
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}

function asConnectionError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error
  return new ConnectionError(error instanceof Error ? error.message || String(error) : String(error), { cause: error })
}
