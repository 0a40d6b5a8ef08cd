import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Terminal } from '../cli/terminal.ts'
import { EXIT_FAILED, Failure } from '../failure.ts'
import { entryPoint, packageRoot } from '../version.ts'
import { demonstrate } from './demo.ts'
import { claimRunDir, prepareMachine } from './machine.ts'
import { Namespaces } from './netns.ts'
import { clusterObjects } from './objects.ts'
import { NODES, REFLECTOR, SERVICE } from './plan.ts'
import { Programs } from './programs.ts'
import { buildRack, type Rack } from './rack.ts'
import { Routelets } from './routelets.ts'
import { Screen } from './screen.ts'
import { startTor, type TorKind } from './tor.ts'
import { enterUserNamespace, mayMakeNamespaces, outerPid } from './user-namespace.ts'

export interface LabFlags {
  readonly once?: boolean
  readonly tor: TorKind
}

const RUN_DIR = '/run/routelet-lab'
const NAMESPACE_PREFIX = 'rtl-lab-'
/** How long routelets may take to leave in order. */
const STOP_WITHIN_MS = 3000
const LOG_LINES_SHOWN = 15

/** `routelet lab`: builds the rack, shows routelet at work, stays until it is interrupted, leaves nothing behind. */
export async function runLab(flags: LabFlags, terminal: Terminal): Promise<void> {
  if (!mayMakeNamespaces()) return enterUserNamespace()

  const screen = new Screen(terminal)
  await prepareMachine(screen)
  const runDir = claimRunDir(RUN_DIR)
  const namespaces = await Namespaces.open(NAMESPACE_PREFIX).catch((error: unknown) => {
    runDir.release()
    throw error
  })
  const programs = new Programs(join(RUN_DIR, 'log'))
  const stay = new Stay()
  try {
    await Promise.race([perform(flags, { namespaces, programs, screen, stay }), stay.interrupted])
  } finally {
    await screen.step('stopping and removing everything', async () => {
      await programs.stopAll(STOP_WITHIN_MS)
      await namespaces.close()
      runDir.release()
    })
  }
}

async function perform(
  flags: LabFlags,
  means: {
    readonly namespaces: Namespaces
    readonly programs: Programs
    readonly screen: Screen
    readonly stay: Stay
  },
): Promise<void> {
  const { namespaces, programs, screen, stay } = means
  const routelets = new Routelets(RUN_DIR, programs)
  const rack = await screen.step(
    'making namespaces: router, reflector, three nodes on two subnets, a pod on each',
    () => buildRack(namespaces),
  )
  await screen.step(`starting the router (${flags.tor}), the reflector, the agents and the pods`, () =>
    startPrograms(flags.tor, rack, programs, routelets),
  )
  screen.line(`· kube-proxy is stood in for: ${SERVICE.address} lies on the loopback of the pods that serve it`)

  const complaints = await demonstrate({ rack, routelets, programs, screen, tor: flags.tor })
  if (complaints.length > 0) await showTrouble(complaints, programs, screen)
  if (!flags.once) {
    showWaysIn(screen, flags.tor)
    await stay.untilTold()
  }
  if (complaints.length > 0) throw new Failure(EXIT_FAILED, ['the lab did not come out as it should'])
  screen.line('All as it should be.')
}

async function startPrograms(tor: TorKind, rack: Rack, programs: Programs, routelets: Routelets): Promise<void> {
  for (const { plan, pod } of rack.nodes) {
    programs.start(pod, plan.pod.name, [process.execPath, entryPoint('lab/pod'), plan.pod.name, String(SERVICE.port)])
  }
  await startTor(tor, { dir: RUN_DIR, netns: rack.tor, programs, routelets })
  await routelets.start('reflector', rack.reflector, REFLECTOR.name, clusterObjects(), 'cluster')
  for (const { plan, netns } of rack.nodes) {
    await routelets.start('agent', netns, plan.name, clusterObjects(), 'cluster')
  }
}

/** A signal during the demonstration breaks it off; after it, that is how the lab ends. */
class Stay {
  /** Rejects when somebody wants the lab to end before it is through. */
  readonly interrupted: Promise<never>
  readonly #told: Promise<string>
  #waiting = false

  constructor() {
    this.#told = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => once(process, name).then(() => name)))
    this.interrupted = new Promise((_, reject) => {
      this.#told.then((signal) => {
        if (!this.#waiting) reject(new Failure(signal === 'SIGINT' ? 130 : 143, [`interrupted by ${signal}`]))
      })
    })
  }

  async untilTold(): Promise<void> {
    this.#waiting = true
    await this.#told
  }
}

async function showTrouble(complaints: readonly string[], programs: Programs, screen: Screen): Promise<void> {
  screen.block('What is not as it should be', complaints.join('\n'))
  for (const name of programs.names()) {
    const log = await readFile(programs.logPath(name), 'utf8').catch(() => '')
    const end = log.trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n')
    if (end !== '') screen.block(`Log of ${name}, its end`, end)
  }
}

function showWaysIn(screen: Screen, tor: TorKind): void {
  const [first] = NODES
  const node = `${NAMESPACE_PREFIX}${first?.name}`
  const routelet = join(packageRoot(), 'bin/routelet')
  const enter = outerPid() === undefined ? '' : `nsenter -t ${outerPid()} -U -n -m -p --preserve-credentials `
  screen.block(
    'The lab stays up until Ctrl-C. To look inside, from another terminal',
    [
      `${enter}${routelet} status --socket ${RUN_DIR}/${first?.name}.sock`,
      ...(tor === 'routelet' ? [`${enter}${routelet} peers --socket ${RUN_DIR}/tor.sock`] : []),
      `${enter}${routelet} routes --all-paths --socket ${RUN_DIR}/${REFLECTOR.name}.sock`,
      `${enter}ip -n ${node} route`,
      `${enter}ip netns exec ${NAMESPACE_PREFIX}${first?.pod.name} ping ${NODES.at(-1)?.pod.address}`,
      `${enter}ip netns exec ${NAMESPACE_PREFIX}client curl http://${SERVICE.address}:${SERVICE.port}/`,
      `${enter}tail -f ${RUN_DIR}/log/${first?.name}.log`,
    ].join('\n'),
  )
}
