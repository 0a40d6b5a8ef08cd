import { checkRoutes, expectedRoutes } from './check.ts'
import type { LoadCommand, LoadResult } from './scenario.ts'
import { SimPeer } from './sim-peer.ts'
import { buildTable } from './table.ts'

/** The load's process: sources and receivers of one scenario, pinned away from the daemon under test. */
process.on('message', (command: LoadCommand) => {
  run(command).then(
    (result) => process.send!(result),
    (error) => process.send!({ error: String(error?.message ?? error) } satisfies LoadResult),
  )
})

async function run({ scenario, daemon, port, external }: LoadCommand): Promise<LoadResult> {
  const tables = Array.from({ length: scenario.sources }, (_, i) =>
    buildTable({
      prefixes: scenario.prefixesPerSource,
      seed: scenario.seed + i,
      perSet: 5,
      nextHop: [10, 99, 1, i + 1],
      external,
      asn: external ? 65_100 + i : 65_000,
      base: i * scenario.prefixesPerSource,
    }),
  )
  const sources = tables.map((_, i) => simulate(daemon, port, 1, i, external ? 65_100 + i : 65_000))
  const receivers = Array.from({ length: scenario.receivers }, (_, i) =>
    simulate(daemon, port, 2, i, external ? 65_300 + i : 65_000),
  )
  for (const receiver of receivers) receiver.keepOctets()
  await Promise.all([...receivers, ...sources].map((peer) => peer.connect()))

  const total = scenario.sources * scenario.prefixesPerSource
  const all = Promise.all(receivers.map((receiver) => reached(receiver, total)))
  const start = performance.now()
  for (const [i, source] of sources.entries()) void source.send(tables[i]!.octets)
  await all
  const convergenceMs = performance.now() - start

  const wanted = expectedRoutes(tables.map((table) => table.octets))
  const faults = receivers.flatMap((receiver) => checkRoutes(receiver.kept, wanted, external))
  const result = {
    convergenceMs,
    updates: receivers.reduce((sum, { updates }) => sum + updates, 0),
    octets: receivers.reduce((sum, { octets }) => sum + octets, 0),
    faults: faults.slice(0, 5),
  }
  for (const peer of [...sources, ...receivers]) peer.close()
  return result
}

function simulate(daemon: string, port: number, role: number, index: number, asn: number): SimPeer {
  const [high, low] = [index >> 8, (index & 0xff) + 1]
  const local = `10.99.${role * 16 + high}.${low}`
  return new SimPeer({ local, daemon, port, asn, identifier: [10, 99, role * 16 + high, low] })
}

/** The receiver holds as many prefixes as there are; the check afterwards sees whether they are the right ones. */
function reached(receiver: SimPeer, total: number): Promise<void> {
  return new Promise((resolve, reject) => {
    receiver.onProgress = () => {
      if (receiver.held >= total) resolve()
    }
    receiver.onClosed = () => reject(new Error(`${receiver.options.local} lost its session`))
  })
}
