import type { RequestListener } from 'node:http'
import type { Log } from '../../bgp/ports.ts'
import { EXIT_FAILED, Failure } from '../failure.ts'
import { http } from '../platform/http.ts'
import type { Metrics } from './rows.ts'

/** Scrapers and probes are few; whoever opens more does not get to hold memory. */
const MAX_CONNECTIONS = 64

const INDEX = `routelet

/metrics   Prometheus metrics
/livez     200 while the process answers
/readyz    200 once it does what it is there for, else what it waits for
`

/** What is behind the pages. */
export interface HealthSource {
  status(): { readonly ready: boolean; readonly waitingFor: readonly string[] }
  /** Called with the first scrape: a start need not wait for it. */
  loadMetrics(): Promise<Metrics>
}

/** Serves metrics and health; resolves once it listens, or fails with a line that says why it cannot. */
export function serveHealth(
  at: { readonly address: string; readonly port: number },
  source: HealthSource,
  log: Pick<Log, 'error'>,
): Promise<{ close(): void }> {
  const server = http.createServer(healthHandler(source, log))
  server.maxConnections = MAX_CONNECTIONS
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

/** One row per path. Whatever is asked, and whatever fails while it is answered, routing goes on. */
export function healthHandler(source: HealthSource, log: Pick<Log, 'error'>): RequestListener {
  let metrics: Promise<Metrics> | undefined
  const pages = new Map<string, () => Promise<Page> | Page>([
    ['/', () => ({ status: 200, body: INDEX })],
    ['/livez', () => ({ status: 200, body: 'ok\n' })],
    ['/readyz', () => readiness(source)],
    [
      '/metrics',
      async () => {
        metrics ??= source.loadMetrics()
        const { contentType, text } = await metrics
        return { status: 200, body: await text(), contentType }
      },
    ],
  ])
  return async ({ method, url = '/' }, response) => {
    const { status, body, contentType } = await answer(pages.get(url.replace(/\?.*/s, '')), log)
    response.writeHead(status, { 'content-type': contentType ?? 'text/plain; charset=utf-8' })
    response.end(method === 'HEAD' ? undefined : body)
  }
}

async function answer(page: (() => Promise<Page> | Page) | undefined, log: Pick<Log, 'error'>): Promise<Page> {
  if (!page) return { status: 404, body: `not found\n\n${INDEX}` }
  try {
    return await page()
  } catch (error) {
    log.error({ err: error }, 'a health or metrics page could not be made')
    return { status: 500, body: 'it failed; the log says why\n' }
  }
}

interface Page {
  readonly status: number
  readonly body: string
  readonly contentType?: string
}

function readiness(source: HealthSource): Page {
  const { ready, waitingFor } = source.status()
  if (ready) return { status: 200, body: 'ok\n' }
  return { status: 503, body: waitingFor.map((reason) => `waiting for ${reason}\n`).join('') }
}
