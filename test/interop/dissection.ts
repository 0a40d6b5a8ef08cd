import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import type { Netns } from '../../src/lab/netns.ts'
import { eventually } from '../eventually.ts'

/** Listens to all BGP on a segment, and has tshark read what routelet said. */
export class Dissection {
  readonly #file: string
  readonly #capture: ReturnType<Netns['spawn']>

  private constructor(file: string, capture: ReturnType<Netns['spawn']>) {
    this.#file = file
    this.#capture = capture
  }

  /** Undefined where Wireshark's programs are not installed. */
  static async begin(where: Netns, file: string): Promise<Dissection | undefined> {
    if (!existsSync('/usr/bin/dumpcap') || !existsSync('/usr/bin/tshark')) return undefined
    const argv = ['/usr/bin/dumpcap', '-q', '-i', 'br0', '-f', 'tcp port 179', '-w', file]
    const capture = where.spawn(argv, { logPath: `${file}.log` })
    await eventually('the capture runs', () => existsSync(file) && statSync(file).size > 0, 10_000)
    return new Dissection(file, capture)
  }

  /** What tshark finds wrong with messages from these hardware addresses; empty when all is well. Ends the capture. */
  async complaints(from: ReadonlySet<string>): Promise<string[]> {
    const gone = new Promise((resolve) => this.#capture.once('exit', resolve))
    this.#capture.kill('SIGINT')
    await gone
    if (from.size === 0) return []
    // A fault in an outer layer, such as a lost segment, is none of the message's.
    const wrong = `bgp && (${sentBy(from)}) && (_ws.malformed || (_ws.expert.severity == error && _ws.expert.group != "Sequence"))`
    const argv = ['-r', this.#file, '-d', 'tcp.port==179,bgp', '-Y', wrong, '-T', 'fields']
    const fields = ['-e', 'frame.number', '-e', '_ws.expert.message', '-e', '_ws.malformed', '-e', 'tcp.payload']
    const text = execFileSync('tshark', [...argv, ...fields], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return text.split('\n').filter((line) => line !== '')
  }

  /** UPDATEs heard from these hardware addresses, so that silence is no success. */
  updates(from: ReadonlySet<string>): number {
    const argv = ['-r', this.#file, '-d', 'tcp.port==179,bgp', '-Y', `bgp.type == 2 && (${sentBy(from)})`]
    // It complains of a file that is still being written, and reads it all the same.
    const { stdout } = spawnSync('tshark', argv, { encoding: 'utf8' })
    return stdout.split('\n').filter((line) => line !== '').length
  }
}

function sentBy(hardwareAddresses: ReadonlySet<string>): string {
  return [...hardwareAddresses].map((address) => `eth.src == ${address}`).join(' || ')
}
