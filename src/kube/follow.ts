import type { Clock } from '../../bgp/ports.ts'
import { isRecord } from '../objects/read.ts'
import { ApiError, ConnectionError, type KubeClient } from './client.ts'
import type { Resource } from './resources.ts'

/** What becomes known of the objects of one kind. */
export interface Follower {
  /** The whole list: what is not in it is gone. */
  replace(objects: readonly unknown[]): void
  put(object: unknown): void
  remove(object: unknown): void
  /** The server is away, or says no; nothing that was known is touched. */
  trouble(error: unknown): void
  /** The server answers (again). */
  well(): void
}

const PAGE = 500
const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 30_000
/** The server ends each watch after this; the client does not wait much longer for that. */
const WATCH_SECONDS = 300
const GRACE_MS = 30_000
/** A watch that lasted this long was well. */
const WELL_AFTER_MS = 5_000

/**
 * Lists the objects of a kind and watches them from there, for ever. Where the connection breaks, the next watch
 * resumes where the last one ended; a new list is taken when the server has forgotten that point (410) or says no.
 */
export function follow(
  resource: Resource,
  client: KubeClient,
  ports: { readonly clock: Clock; readonly random: () => number },
  follower: Follower,
): { stop(): void } {
  const loop = new FollowLoop(resource, client, ports, follower)
  void loop.run()
  return loop
}

class FollowLoop {
  readonly #resource: Resource
  readonly #client: KubeClient
  readonly #ports: { readonly clock: Clock; readonly random: () => number }
  readonly #follower: Follower
  readonly #stopped = new AbortController()
  /** Where the next watch begins; empty: a list comes first. */
  #resourceVersion = ''
  #delayMs = FIRST_DELAY_MS
  /** Ends the pause that is on. */
  #wake: () => void = () => {}

  constructor(
    resource: Resource,
    client: KubeClient,
    ports: { readonly clock: Clock; readonly random: () => number },
    follower: Follower,
  ) {
    this.#resource = resource
    this.#client = client
    this.#ports = ports
    this.#follower = follower
  }

  stop(): void {
    this.#stopped.abort()
    this.#wake()
  }

  async run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const since = this.#ports.clock.now()
      try {
        if (this.#resourceVersion === '') await this.#list()
        await this.#watch()
      } catch (error) {
        if (this.#stopped.signal.aborted) return
        if (!(error instanceof ConnectionError)) this.#resourceVersion = ''
        // A point that was forgotten is nothing wrong.
        if (!isGone(error)) this.#follower.trouble(error)
      }
      if (!this.#stopped.signal.aborted) await this.#pause(this.#ports.clock.now() - since)
    }
  }

  async #list(): Promise<void> {
    const objects: unknown[] = []
    let next = ''
    let resourceVersion = ''
    do {
      const query = new URLSearchParams({ limit: String(PAGE), ...(next !== '' && { continue: next }) })
      const page = await this.#client.request('GET', `${this.#resource.path}?${query}`)
      const { items, metadata } = isRecord(page) ? page : {}
      if (!Array.isArray(items) || !isRecord(metadata)) throw new ApiError(0, 'the answer is no list')
      objects.push(...items.map((item) => this.#named(item)))
      next = typeof metadata['continue'] === 'string' ? metadata['continue'] : ''
      resourceVersion = String(metadata['resourceVersion'] ?? '')
    } while (next !== '')
    if (this.#stopped.signal.aborted) return
    this.#follower.replace(objects)
    this.#resourceVersion = resourceVersion
  }

  async #watch(): Promise<void> {
    const query = new URLSearchParams({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#resourceVersion,
      // Spread out, so that the watches of many nodes do not all end together.
      timeoutSeconds: String(Math.round(WATCH_SECONDS * (1 + this.#ports.random()))),
    })
    const late = new AbortController()
    const cancel = this.#ports.clock.after(WATCH_SECONDS * 2000 + GRACE_MS, () => late.abort())
    try {
      const signal = AbortSignal.any([late.signal, this.#stopped.signal])
      await this.#client.stream(`${this.#resource.path}?${query}`, signal, {
        opened: () => this.#follower.well(),
        line: (event) => this.#take(event),
      })
    } finally {
      cancel()
    }
  }

  #take(event: unknown): void {
    if (this.#stopped.signal.aborted || !isRecord(event)) return
    const { type, object } = event
    const version = isRecord(object) && isRecord(object['metadata']) ? object['metadata']['resourceVersion'] : undefined
    if (type === 'ERROR') {
      const { code, message } = isRecord(object) ? object : {}
      throw new ApiError(Number(code ?? 0), String(message ?? 'the watch ended with an error'))
    }
    if (type === 'ADDED' || type === 'MODIFIED') this.#follower.put(this.#named(object))
    if (type === 'DELETED') this.#follower.remove(this.#named(object))
    if (typeof version === 'string') this.#resourceVersion = version
  }

  /** Items of a list do not say their kind. */
  #named(object: unknown): unknown {
    const { apiVersion, kind } = this.#resource
    return isRecord(object) ? { ...object, apiVersion, kind } : object
  }

  #pause(lastedMs: number): Promise<void> {
    if (lastedMs >= WELL_AFTER_MS) this.#delayMs = FIRST_DELAY_MS
    const ms = this.#delayMs * (0.5 + this.#ports.random())
    this.#delayMs = Math.min(LONGEST_DELAY_MS, this.#delayMs * 2)
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 410
}
