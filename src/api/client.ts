import { http } from '../platform/http.ts'
import type { ErrorDocument } from './contract.ts'

/** The daemon behind the socket could not be asked, or refused; the message is for people. */
export class ApiError extends Error {
  readonly code: 'NoDaemon' | 'Refused'

  constructor(code: 'NoDaemon' | 'Refused', message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** Asks the routelet behind a socket for one document. */
export async function fetchDocument<T>(
  socketPath: string,
  resource: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<T> {
  const query = new URLSearchParams(parameters).toString()
  const { status, body } = await get(socketPath, query === '' ? resource : `${resource}?${query}`)
  const document = parse(socketPath, body)
  if (status === 200) return document as T
  throw new ApiError('Refused', (document as ErrorDocument).message)
}

function get(socketPath: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(new ApiError('NoDaemon', explain(socketPath, error), error))
    const sent = http.request({ socketPath, path, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', failed)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
    })
    sent.on('error', failed)
    sent.end()
  })
}

function parse(socketPath: string, body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new ApiError('NoDaemon', `what listens on ${socketPath} is not routelet`, error)
  }
}

function explain(socketPath: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return `there is no socket ${socketPath}: is routelet agent or routelet reflector running on this machine, with this --socket?`
    case 'ECONNREFUSED':
      return `nobody listens on ${socketPath}: routelet was killed or is starting; see the log of the agent or reflector`
    case 'EACCES':
    case 'EPERM':
      return `permission denied on ${socketPath}: run as root, or as a member of the group that owns the socket`
    default:
      return `cannot talk to routelet on ${socketPath}: ${error.message}`
  }
}
