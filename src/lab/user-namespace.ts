import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { EXIT_FAILED, Failure } from '../failure.ts'

const OUTER_PID = 'ROUTELET_LAB_OUTER_PID'

/** May this process make network namespaces as it is? */
export function mayMakeNamespaces(): boolean {
  return spawnSync('unshare', ['--net', '--mount', 'true']).status === 0
}

/** Inside of a user namespace: the process to enter it by, as seen from outside. */
export function outerPid(): string | undefined {
  return process.env[OUTER_PID]
}

/**
 * Without root: runs the same command line again as root of a user namespace, where it may make network namespaces.
 * All of it is in one process namespace too, so nothing outlives the command.
 */
export async function enterUserNamespace(): Promise<void> {
  const flags = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child']
  if (outerPid() !== undefined || spawnSync('unshare', [...flags, 'true']).status !== 0)
    throw new Failure(EXIT_FAILED, ['the lab makes network namespaces: run it as root, or allow user namespaces'])

  // Killed or not, when this process ends, all in there ends.
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', ...flags, 'sh', '-c', ENTER, 'sh', process.execPath, ...process.argv.slice(1)],
    {
      stdio: 'inherit',
    },
  )
  // Ctrl-C reaches the lab inside by itself; this process only waits for it to clean up.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill(name))
  const [exitCode, signal] = (await once(child, 'exit')) as [number | null, string | null]
  if (exitCode !== 0)
    throw new Failure(exitCode ?? EXIT_FAILED, signal === null ? [] : [`the lab was ended by ${signal}`])
}

/** Before /proc shows the inner process ids only, the outer one is read from it; /run must be ours to write. */
const ENTER = `read -r ${OUTER_PID} _ </proc/self/stat
export ${OUTER_PID}
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
exec "$@"`
