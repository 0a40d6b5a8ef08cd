import { createServer, type RequestListener } from 'node:http'
import { EXIT_FAILED, Failure } from '../failure.ts'
import { createMetrics, type MetricsSource } from './metrics.ts'

const INDEX = `routelet

/metrics   Prometheus metrics
/livez     200 while the routing core answers
/readyz    200 once the configuration is in force and the routes have converged
`

/** Serves metrics and health; resolves once it listens, or fails with a line that says why it cannot. */
export function serveHealth(
  at: { readonly address: string; readonly port: number },
  source: MetricsSource,
): Promise<{ close(): void }> {
  const server = createServer(healthHandler(source))
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'the port is in use; give another one by --http' : error.message
      const line = `cannot serve metrics and health on ${at.address} port ${at.port}: ${why}`
      reject(new Failure(EXIT_FAILED, [line], error))
    })
    server.listen(at.port, at.address, () => {
      resolve({
        close: () => {
          server.close()
          server.closeAllConnections()
        },
      })
    })
  })
}

/** One row per path. */
export function healthHandler(source: MetricsSource): RequestListener {
  const metrics = createMetrics(source)
  const pages: Readonly<Record<string, () => Promise<Page> | Page>> = {
    '/': () => ({ status: 200, body: INDEX }),
    '/livez': () => ({ status: 200, body: 'ok\n' }),
    '/readyz': () => readiness(source),
    '/metrics': async () => ({ status: 200, body: await metrics.text(), contentType: metrics.contentType }),
  }
  return async (request, response) => {
    const page = pages[(request.url ?? '/').split('?', 1)[0]!]
    const { status, body, contentType } = page
      ? await page()
      : { status: 404, body: `not found\n\n${INDEX}`, contentType: undefined }
    response.writeHead(status, { 'content-type': contentType ?? 'text/plain; charset=utf-8' })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}

interface Page {
  readonly status: number
  readonly body: string
  readonly contentType?: string
}

function readiness(source: MetricsSource): Page {
  const { ready, waitingFor } = source.status()
  if (ready) return { status: 200, body: 'ok\n' }
  return { status: 503, body: waitingFor.map((reason) => `waiting for ${reason}\n`).join('') }
}
