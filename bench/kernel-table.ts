import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const LINK = 'bench0'
/** Dumps of the whole table as text. */
const OUTPUT_OCTETS = 256 << 20

/** Routes of the kernel's main table over a link of the bench's own, read without any daemon's help. */
export class KernelTable {
  #before = 0

  /** A new link with `10.98.0.1/24`; all routes over the former one go with it. */
  renew(): void {
    spawnSync('ip', ['link', 'del', LINK], { stdio: 'ignore' })
    for (const words of [
      `link add ${LINK} type veth peer name ${LINK}-far`,
      `link set ${LINK}-far up`,
      `addr add 10.98.0.1/24 dev ${LINK}`,
      `link set ${LINK} up`,
    ])
      execFileSync('ip', words.split(' '))
    this.#before = prefixesInMain()
  }

  /** How many routes there are more than in the beginning. Cheap enough to ask again and again. */
  get count(): number {
    return prefixesInMain() - this.#before
  }

  /** How many routes go over this next hop, by a dump of all. */
  countVia(nextHop: string): number {
    return this.#dump(nextHop).length
  }

  /** Do the routes to all these addresses go over the next hop? */
  allGoVia(addresses: readonly string[], nextHop: string): boolean {
    const input = addresses.map((address) => `route get ${address}\n`).join('')
    const { stdout } = spawnSync('ip', ['-force', '-batch', '-'], { input, encoding: 'utf8', maxBuffer: OUTPUT_OCTETS })
    return stdout.split(` via ${nextHop} `).length - 1 === addresses.length
  }

  /** Takes every n-th route away behind the daemon's back; says how many. */
  thin(n: number, nextHop: string): number {
    const some = this.#dump(nextHop).filter((_, i) => i % n === 0)
    execFileSync('ip', ['-batch', '-'], { input: some.map((route) => `route del ${route}\n`).join('') })
    return some.length
  }

  #dump(nextHop: string): string[] {
    const text = execFileSync('ip', ['-4', 'route', 'show', 'via', nextHop], {
      encoding: 'utf8',
      maxBuffer: OUTPUT_OCTETS,
    })
    return text.split('\n').flatMap((line) => line.split(' ', 1)[0] || [])
  }
}

/** From the statistics that the kernel keeps of its trie of the main table. */
function prefixesInMain(): number {
  const [, main = ''] = /^(?:Main|Id 254):\n((?:\t.*\n)*)/m.exec(readFileSync('/proc/net/fib_triestat', 'utf8')) ?? []
  const [, prefixes] = /Prefixes:\s+(\d+)/.exec(main) ?? []
  if (prefixes === undefined) throw new Error('/proc/net/fib_triestat does not tell the prefixes of the main table')
  return Number(prefixes)
}
