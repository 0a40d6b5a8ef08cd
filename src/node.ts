import type { SpeakerEvent } from '../bgp/contract.ts'
import type { Clock, Log } from '../bgp/ports.ts'
import { Speaker } from '../bgp/speaker.ts'
import type { AgentKernel } from './agent-kernel.ts'
import { serveApi } from './api/server.ts'
import type { ControlToCore, CoreToControl } from './contract.ts'
import { ControlLink } from './control-link.ts'
import { Core } from './core.ts'
import { Ending } from './ending.ts'
import { EXIT_FAILED, Failure } from './failure.ts'
import type { ConfigurationSource, NodeOptions } from './options.ts'
import { systemClock as clock } from './platform/clock.ts'
import { openTcp } from './platform/tcp.ts'
import { currentBootId, type Loaded, loadState } from './state-dir.ts'
import { StateKeeper } from './state-keeper.ts'
import { serveHealth } from './telemetry/health.ts'
import { createLog } from './telemetry/log.ts'
import type { StartWorker } from './threads/supervisor.ts'
import { version } from './version.ts'

/** How often the control side hears how all is, and the core looks whether the routes have come. */
const STATUS_EVERY_MS = 3000
const SETTLE_EVERY_MS = 500

/**
 * Runs an agent or a reflector until a signal ends it.
 *
 *     main thread, composed here                               control worker
 *     TCP ─ sessions ─ RIBs ─ kernel ─ local API ─ metrics  ◀─ Apply ─  files or API ─ desired state
 *                                                           ─ status ─▶
 */
export async function runNode(
  options: NodeOptions,
  startWorker: StartWorker<CoreToControl, ControlToCore>,
): Promise<void> {
  const { role, node, socket, http, source, stateDir } = options
  const { log, fatal } = createLog({ level: options.logLevel, base: { role, node } })
  const ending = new Ending(fatal)
  const kept = await loadState(stateDir)
  const kernel = role === 'agent' ? await openKernel({ clock, log }) : undefined
  const control: { link?: ControlLink } = {}
  const core = assembleCore(options, {
    log,
    ending,
    kept,
    kernel,
    workerRestarts: () => control.link?.workerRestarts ?? 0,
  })

  const health = {
    status: () => core.status(),
    loadMetrics: async () => (await import('./telemetry/metrics.ts')).createMetrics(core),
  }
  const servers = [await serveApi(socket, core, log), await serveHealth(http, health, log)]
  const keeper = new StateKeeper({ clock, log }, stateDir)
  const link = new ControlLink(
    {
      clock,
      log,
      core,
      kept,
      startWorker,
      keep: (desired) => keeper.keep(desired),
      fail: (failure) => ending.fail(failure),
    },
    // Files are there or not; the API may come back.
    { useKeptState: source.type === 'kubernetes' },
  )
  control.link = link
  process.on('SIGHUP', () => link.reread())
  kernel?.watch((facts) => link.send({ type: 'LocalFacts', ...facts }))
  const cancels = [
    every(SETTLE_EVERY_MS, () => core.settle()),
    every(STATUS_EVERY_MS, () => link.send({ type: 'Status', status: core.nodeStatus() })),
  ]

  try {
    const reason = await ending.reason
    log.info({ reason }, 'stopping')
    await core.stop(`stopped by ${reason}`)
    await keeper.flush()
  } finally {
    for (const cancel of cancels) cancel()
    link.stop()
    for (const server of servers) server.close()
  }
}

/** A reflector loads nothing of the kernel side. */
async function openKernel(ports: { readonly clock: Clock; readonly log: Log }): Promise<AgentKernel> {
  return (await import('./agent-kernel.ts')).openAgentKernel(ports)
}

interface Parts {
  readonly log: ReturnType<typeof createLog>['log']
  readonly ending: Ending
  readonly kept: Loaded
  readonly kernel: AgentKernel | undefined
  readonly workerRestarts: () => number
}

function assembleCore({ role, node, source }: NodeOptions, { log, ending, kept, kernel, workerRestarts }: Parts): Core {
  const { dialer, listener } = openTcp({ clock, log })
  const onEvent = (event: SpeakerEvent) => {
    // Later on what runs goes on, and the log says that it does not listen.
    if (event.type === 'ListenFailed' && !core.hasApplied) ending.fail(cannotListen(event))
    else core.speakerEvent(event)
  }
  const speaker = new Speaker(
    { clock, dialer, listener, log, random: Math.random },
    {
      onEvent,
      restarting: routesWereKept(kept, role),
      ...(kernel && { resolveNextHop: (nextHop, interfaceName) => kernel.resolve(nextHop, interfaceName) }),
    },
  )
  kernel?.watch(() => speaker.nextHopsChanged())
  const identity = { role, node, version: version(), source: describeSource(source) }
  const core = new Core({ clock, log, speaker, ...(kernel && { kernel }), workerRestarts }, identity)
  return core
}

/** Was the forwarding kept over the restart that this start is? The kernel's does not outlive the machine's run. */
function routesWereKept(kept: Loaded, role: NodeOptions['role']): boolean {
  if (kept === undefined || 'unreadable' in kept) return false
  return role === 'reflector' || kept.bootId === currentBootId()
}

function cannotListen({ port, error }: { readonly port: number; readonly error: string }): Failure {
  const advice = error.includes('EACCES')
    ? 'run as root, or with the capability NET_BIND_SERVICE'
    : 'does another BGP daemon run here?'
  return new Failure(EXIT_FAILED, [`cannot listen on TCP port ${port}: ${error}; ${advice}`])
}

function describeSource(source: ConfigurationSource): string {
  if (source.type === 'files') return `files ${source.path}`
  return source.kubeconfig === undefined ? 'kubernetes' : `kubernetes by ${source.kubeconfig}`
}

function every(ms: number, work: () => void): () => void {
  let cancel = clock.after(ms, again)
  function again(): void {
    work()
    cancel = clock.after(ms, again)
  }
  return () => cancel()
}
