import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RouteWatch } from '../e2e/route-watch.ts'
import { eventually } from '../eventually.ts'
import { bird, frr, type Running } from './daemons.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

/** Graceful restart (RFC 4724) of either end, while a third router uses the routes of both. */
const SIDES = [
  { daemon: frr, host: 2, more: 'graceful-restart', lines: ['bgp graceful-restart preserve-fw-state'], again: [] },
  { daemon: bird, host: 3, more: 'graceful restart on; graceful restart time 60;', lines: [], again: ['-R'] },
] as const
const THIRD = 4

const OURS = '10.1.1.0/24'
const theirs = (host: number) => `20.${host}.0.0/24`
const ALL = [OURS, ...SIDES.map(({ host }) => theirs(host))]
const LOOK_EVERY_MS = 10

const reason = whyNot(...SIDES.flatMap(({ daemon }) => daemon.programs))

describe.skipIf(reason !== undefined)(
  reason ?? 'when one restarts gracefully, nobody loses a route for a moment:',
  () => {
    let stage: Stage
    let routelet: Routelet
    const running = new Map<number, Running>()

    beforeAll(async () => {
      stage = await Stage.open()
      routelet = await stage.routelet(1, 'agent', OBJECTS)
      await Promise.all([
        ...SIDES.map(async ({ daemon, host, more, lines }) => {
          const config = { ...neighbour(host, more), more: lines, originate4: [theirs(host)] }
          running.set(host, await daemon.start(stage, config))
        }),
        frr.start(stage, { ...neighbour(THIRD, 'graceful-restart'), originate4: [] }),
      ])
      for (const { host } of SIDES) await eventually('ours there', () => running.get(host)!.route(OURS), 30_000)
      await inKernelOf(1, ...SIDES.map(({ host }) => theirs(host)))
      await inKernelOf(THIRD, ...ALL)
      await inKernelOf(2, OURS)
    })
    afterAll(() => stage[Symbol.asyncDispose]())

    test.each(SIDES)('$daemon.name', async ({ host, again }) => {
      const { child, argv } = running.get(host)!
      const losses = await watch([])
      await stage.kill(child)
      await eventually('they are stale', async () => (await routelet.routes(theirs(host)))[0]?.stale, 20_000)
      await stage.start(host, `again${host}`, [...argv, ...again])
      await eventually('the second session', async () => (await toldBy(host))! >= 2, 40_000)
      expect(await losses()).toEqual([])
    })

    test('routelet', async () => {
      for (const { host } of SIDES) await eventually('ours there', () => running.get(host)!.route(OURS), 30_000)
      const losses = await watch([...running.values()])
      await routelet.kill()
      await routelet.restart()
      await eventually('routelet answers', () => routelet.peers().then(Boolean, () => false), 20_000)
      for (const { host } of SIDES) await eventually('their routes again', () => toldBy(host), 40_000)
      expect(await losses()).toEqual([])
    })

    /** How many sessions there were, when the last has told all again. */
    async function toldBy(host: number): Promise<number | undefined> {
      const peer = (await routelet.peer(`p${host}`))!
      const [route] = await routelet.routes(theirs(host))
      const isTold = peer.families.some((one) => one.endOfRibReceived) && route?.stale === false
      return isTold ? peer.timesEstablished : undefined
    }

    async function inKernelOf(host: number, ...routes: readonly string[]): Promise<void> {
      const netns = await stage.host(host)
      for (const route of routes) {
        await eventually(`${route} in the kernel`, () => netns.ip('route', 'show', route), 20_000)
      }
    }

    /** What kernels delete of all routes, as they tell it, and when tables are without ours, as one looks all the time. */
    async function watch(tables: readonly Running[]): Promise<() => Promise<string[]>> {
      const hosts = [1, ...SIDES.map(({ host }) => host), THIRD]
      const kernels = await Promise.all(hosts.map(async (n) => RouteWatch.start(await stage.host(n))))
      const missed = new Set<string>()
      let over = false
      const look = async (table: Running) => {
        while (!over) {
          if ((await table.route(OURS)) === undefined) missed.add(`${OURS} in a table`)
          await pause(LOOK_EVERY_MS)
        }
      }
      const looking = Promise.all(tables.map(look))
      // Where the test fails before its end, nobody asks what became of it.
      looking.catch(() => {})
      return async () => {
        over = true
        await looking
        const deleted = await Promise.all(kernels.map((kernel) => kernel.end()))
        return [...missed, ...deleted.flat().filter((route) => ALL.includes(route))]
      }
    }
  },
)

function neighbour(host: number, more: string) {
  const neighbors = [{ address: '10.50.0.1', asn: 65000, more: [more] }]
  return { host, asn: 65000 + host, neighbors, originate6: [] }
}

const OBJECTS = `${basics(1, 65000, '  gracefulRestart: { restartSeconds: 60 }')}${[...SIDES, { host: THIRD }]
  .map(
    ({ host }) => `---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: p${host} }
spec:
  address: 10.50.0.${host}
  peerASN: ${65000 + host}
  families: [ipv4-unicast]
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  importPolicies: [all]
  exportPolicies: [all]
`,
  )
  .join('')}`
