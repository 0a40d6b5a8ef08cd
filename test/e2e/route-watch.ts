import type { ChildProcess } from 'node:child_process'
import { type Netns, signal } from '../../src/lab/netns.ts'
import { eventually } from '../eventually.ts'

/** Is added and removed to see that the kernel tells us what happens. */
const PROBE = '198.18.255.1'

/**
 * Sees every route that the kernel of a namespace loses, however short the time: it is told by the kernel and does not
 * have to look at the right moment.
 */
export class RouteWatch {
  readonly #netns: Netns
  readonly #monitor: ChildProcess
  #text = ''
  #probes = 0

  private constructor(netns: Netns) {
    this.#netns = netns
    this.#monitor = netns.spawn(['ip', 'monitor', 'route'])
    this.#monitor.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text
    })
  }

  static async start(netns: Netns): Promise<RouteWatch> {
    const watch = new RouteWatch(netns)
    await watch.#probe()
    return watch
  }

  /** Ends the watch and says which destinations were removed. */
  async end(): Promise<string[]> {
    await this.#probe()
    signal(this.#monitor.pid!, 'SIGKILL')
    const found = [...this.#text.matchAll(/^Deleted (?:\w+ )?([0-9a-f.:]+(?:\/\d+)?) /gm)]
    const removed = new Set(found.map(([, destination]) => destination!))
    removed.delete(PROBE)
    return [...removed].sort()
  }

  /** Whatever happened before is in the text when this has come through. */
  async #probe(): Promise<void> {
    const table = String(1000 + this.#probes++)
    await eventually(
      'the kernel tells of a probe',
      async () => {
        await this.#netns.ip('route', 'replace', 'blackhole', PROBE, 'table', table)
        await this.#netns.ip('route', 'del', 'blackhole', PROBE, 'table', table)
        return new RegExp(`^Deleted blackhole ${PROBE} table ${table} `, 'm').test(this.#text)
      },
      10_000,
    )
  }
}
