import { execFileSync, spawnSync } from 'node:child_process'
import { argv, env, execPath, exit } from 'node:process'

/** Starts this program again in a network namespace of its own, with nothing but a loopback that has all addresses of the scenarios. */
export function enterNamespace(): void {
  if (env['ROUTELET_BENCH_INSIDE'] === '1') {
    execFileSync('ip', ['link', 'set', 'lo', 'up'])
    execFileSync('ip', ['addr', 'replace', '10.99.0.1/16', 'dev', 'lo'])
    // OpenBGPD uses no next hop that is an address of the machine's own, unless by a default route.
    execFileSync('ip', ['route', 'replace', 'default', 'dev', 'lo'])
    // Next hops of IPv6 routes.
    execFileSync('ip', ['addr', 'replace', '2001:db8:99::1/64', 'dev', 'lo'])
    return
  }
  const flags = process.getuid?.() === 0 ? ['-n'] : ['-rn']
  const { status, error } = spawnSync('unshare', [...flags, execPath, ...argv.slice(1)], {
    stdio: 'inherit',
    env: { ...env, ROUTELET_BENCH_INSIDE: '1' },
  })
  if (error) throw new Error(`a network namespace is needed: ${error.message}`)
  exit(status ?? 1)
}
