import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { enterNewNetworkNamespace } from '../../src/platform/network-namespace.ts'

const NOBODY = 65_534
const OUTPUT_OCTETS = 100_000_000

/** Why tests of this kind cannot run here, in words; undefined when they can. */
export function reasonToSkip(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  return undefined
}

/**
 * From here on this test file runs in a network namespace of its own, with loopback up. Vitest gives each file its own
 * process, and the namespace ends with it.
 */
export function enterTestNamespace(): void {
  const before = namespaceId()
  enterNewNetworkNamespace()
  if (namespaceId() === before) throw new Error('still in the namespace of the machine')
  ip('link set lo up')
}

function namespaceId(): string {
  return execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' })
}

/** Runs `ip` with these words, in the namespace of the test. */
export function ip(words: string): string {
  return execFileSync('ip', words.split(' '), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: OUTPUT_OCTETS,
  })
}

/** Runs many lines of words at once, with whatever options; what fails is passed over. */
export function ipBatch(lines: readonly string[], ...options: string[]): void {
  if (lines.length === 0) return
  spawnSync('ip', [...options, '-force', '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** Runs a TypeScript module as a user without privileges, in the namespace of the test; what it prints. */
export function runAsNobody(script: string): string {
  const words = ['--input-type=module-typescript', '--eval', script]
  return execFileSync(process.execPath, words, { encoding: 'utf8', uid: NOBODY, gid: NOBODY })
}

/** A counter of /proc/net/netstat or /proc/net/snmp, e.g. `TcpExt TCPMD5Failure`. */
export function counter(group: string, name: string): number {
  for (const file of ['netstat', 'snmp']) {
    const lines = readFileSync(`/proc/thread-self/net/${file}`, 'utf8').split('\n')
    for (const [i, line] of lines.entries()) {
      const names = line.split(' ')
      const at = names.indexOf(name)
      if (names[0] === `${group}:` && at > 0) return Number(lines[i + 1]?.split(' ')[at])
    }
  }
  throw new Error(`the kernel has no counter ${group} ${name}`)
}
