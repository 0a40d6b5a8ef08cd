import { randomUUID } from 'node:crypto'
import { Ending } from '../ending.ts'
import { kubeClient } from '../kube/client.ts'
import { systemClock as clock } from '../platform/clock.ts'
import { serveHealth } from '../telemetry/health.ts'
import { createLog } from '../telemetry/log.ts'
import { version } from '../version.ts'
import { Ipam } from './ipam.ts'
import { Lease } from './lease.ts'
import type { ControllerOptions } from './options.ts'
import type { ControllerStatus } from './status.ts'

const LEASE = 'routelet-controller'

/**
 * Runs a controller until a signal ends it. Of several, the one that holds the Lease reads everything anew and works;
 * the others only look at the Lease.
 */
export async function runController(options: ControllerOptions): Promise<void> {
  const { log, fatal } = createLog({ level: options.logLevel, base: { role: 'controller', node: options.hostName } })
  const ending = new Ending(fatal)
  const client = kubeClient(options.kubeconfig)
  const identity = `${options.hostName}_${randomUUID()}`
  const ports = { client, clock, random: Math.random, log }
  const work: { ipam?: Ipam } = {}
  const stopWork = async () => {
    const { ipam } = work
    delete work.ipam
    await ipam?.stop()
  }
  const lease = new Lease({ namespace: options.namespace, name: LEASE, identity }, ports, {
    acquired: (released) => {
      work.ipam = new Ipam({ ...ports, mayWrite: () => lease.isLeading }, { ...options, released })
    },
    lost: () => void stopWork(),
  })
  const status = (): ControllerStatus => {
    const ipam = work.ipam?.status()
    const waitingFor = [...(lease.trouble === undefined ? [] : [lease.trouble]), ...(ipam?.waitingFor ?? [])]
    return { version: version(), leading: lease.isLeading, ready: waitingFor.length === 0, waitingFor, ...ipam?.facts }
  }
  const server = await serveHealth(
    options.http,
    {
      status,
      loadMetrics: async () => (await import('../telemetry/controller-metrics.ts')).createControllerMetrics(status),
    },
    log,
  )
  log.info({ server: client.server, version: version() }, 'started')

  try {
    const reason = await ending.reason
    log.info({ reason }, 'stopping')
    await lease.stop()
    await stopWork()
    // Should it fail, the next one waits until the Lease is over.
    await lease.release().catch((error) => log.warn({ reason: (error as Error).message }, 'the Lease is not released'))
  } finally {
    server.close()
  }
}
