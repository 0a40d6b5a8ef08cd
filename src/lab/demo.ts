import { setTimeout as sleep } from 'node:timers/promises'
import { formatPeers } from '../cli/peers.ts'
import { type ListedRoute, listRoutes, missing, nextHopsTo } from './convergence.ts'
import { type Loss, PROBES_PER_SECOND, probeDuring, requestService } from './measure.ts'
import type { Netns } from './netns.ts'
import { clusterObjects } from './objects.ts'
import { HOLD_SECONDS, REFLECTOR, SERVICE } from './plan.ts'
import type { Programs } from './programs.ts'
import { addRoutes, type Rack, type RackNode } from './rack.ts'
import type { Routelets } from './routelets.ts'
import type { Screen } from './screen.ts'
import type { TorKind } from './tor.ts'

/** Everything the demonstration looks at and plays with. */
export interface Stage {
  readonly rack: Rack
  readonly routelets: Routelets
  readonly programs: Programs
  readonly screen: Screen
  readonly tor: TorKind
}

const CONVERGE_WITHIN_MS = 60_000
const POLL_MS = 100
const REQUESTS = 60
/** The node that is killed: one that serves, so that its loss is felt. */
const VICTIM = 'node-1'

/** Shows routelet at work; the words of what did not go as it should, none when all did. */
export async function demonstrate(stage: Stage): Promise<readonly string[]> {
  const missing = await converge(stage, 'waiting until sessions are up and routes are in the kernels')
  if (missing.length > 0) return missing
  return [
    ...(await showSessions(stage)),
    ...(await showKernelRoutes(stage)),
    ...(await pingPods(stage)),
    ...(await askService(stage, 'Requests from behind the router to the service', servers(stage))),
    ...(await loseNode(stage)),
    ...(await converge(stage, `${VICTIM} is back; waiting until all is as before`)),
  ]
}

async function converge({ rack, routelets, screen }: Stage, words: string): Promise<readonly string[]> {
  return screen.step(words, () => waitFor(() => missing(rack, routelets)))
}

/** Waits until nothing is missing; what still is when the time is over. */
async function waitFor(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const until = performance.now() + CONVERGE_WITHIN_MS
  for (;;) {
    const left = await look()
    if (left.length === 0 || performance.now() > until) return left
    await sleep(POLL_MS)
  }
}

async function showSessions({ rack, routelets, screen, tor }: Stage): Promise<readonly string[]> {
  const names = [...(tor === 'routelet' ? ['tor'] : []), REFLECTOR.name, ...rack.nodes.map(({ plan }) => plan.name)]
  for (const name of names) {
    screen.block(`Sessions of ${name} (routelet peers)`, formatPeers(await routelets.peers(name), Date.now()))
  }
  return []
}

async function showKernelRoutes({ rack, screen }: Stage): Promise<readonly string[]> {
  const machines: readonly (readonly [string, Netns])[] = [
    ['tor', rack.tor],
    ...rack.nodes.map(({ plan, netns }) => [plan.name, netns] as const),
  ]
  for (const [name, netns] of machines) {
    const own = (await listRoutes(netns)).filter(broughtByBgp)
    screen.block(`Routes that BGP brought into the kernel of ${name}`, own.map(routeLine).join('\n') || 'none')
  }
  return []
}

/** Not what the lab itself set up (`boot`, `static`) or the kernel added. */
function broughtByBgp(route: ListedRoute): boolean {
  return !['kernel', 'boot', 'static', undefined].includes(route.protocol)
}

function routeLine(route: ListedRoute): string {
  const nextHops = nextHopsTo([route], route.dst).toSorted()
  if (nextHops.length === 0) return `${route.dst} ${route.type ?? ''}`.trim()
  return `${route.dst} via ${nextHops.join(', ')}`
}

async function pingPods({ rack, screen }: Stage): Promise<readonly string[]> {
  const pairs = rack.nodes.flatMap((from) => rack.nodes.filter((to) => to !== from).map((to) => [from, to] as const))
  const results = await Promise.all(pairs.map(([from, to]) => pingPod(from, to)))
  screen.block('Ping from pod to pod, across nodes', results.map(({ line }) => line).join('\n'))
  return results.filter(({ ok }) => !ok).map(({ line }) => line)
}

async function pingPod(from: RackNode, to: RackNode): Promise<{ readonly line: string; readonly ok: boolean }> {
  const words = `${from.plan.pod.name} → ${to.plan.pod.name} (${to.plan.pod.address})`
  try {
    const output = await from.pod.exec('ping', '-c', '3', '-i', '0.2', '-W', '1', to.plan.pod.address)
    const [, received] = /(\d+) received/.exec(output) ?? []
    return { line: `${words}: ${received} of 3 answered`, ok: received === '3' }
  } catch {
    return { line: `${words}: nobody answered`, ok: false }
  }
}

async function askService(
  { rack, screen }: Stage,
  title: string,
  expected: readonly string[],
): Promise<readonly string[]> {
  const answers = await requestService(rack.client, REQUESTS)
  const lines = [...answers].map(([pod, count]) => `${pod}: ${count} of ${REQUESTS}`)
  screen.block(`${title} (http://${SERVICE.address}:${SERVICE.port}/)`, lines.sort().join('\n'))
  const same = answers.size === expected.length && expected.every((pod) => answers.has(pod))
  return same ? [] : [`the service was answered by ${[...answers.keys()].join(', ')}, wanted ${expected.join(', ')}`]
}

/** A node dies as machines do: its cable is dead before its agent can say anything. */
async function loseNode(stage: Stage): Promise<readonly string[]> {
  const { programs, rack, routelets, screen } = stage
  const victim = rack.nodes.find(({ plan }) => plan.name === VICTIM)
  if (!victim) throw new TypeError(`there is no ${VICTIM}`)
  let stillThere: readonly string[] = []

  screen.line('')
  const loss = await screen.step(`${VICTIM} dies while ${PROBES_PER_SECOND} probes a second go to the service`, () =>
    probeDuring(rack.client, async () => {
      await sleep(1000)
      const at = Date.now()
      await victim.netns.ip('link', 'set', 'eth0', 'down')
      programs.kill(VICTIM)
      stillThere = await waitFor(() => missing(rack, routelets, [VICTIM]))
      await sleep(1000)
      return at
    }),
  )
  screen.block(`What the loss of ${VICTIM} cost`, describeLoss(loss))
  const after = await askService(
    stage,
    `Requests without ${VICTIM}`,
    servers(stage).filter((pod) => pod !== victim.plan.pod.name),
  )

  await victim.netns.ip('link', 'set', 'eth0', 'up')
  await addRoutes(victim.netns, victim.plan.gateway)
  await routelets.start('agent', victim.netns, VICTIM, clusterObjects(), 'cluster')
  screen.line('')
  return [...stillThere, ...after]
}

function describeLoss({ sent, lost, milliseconds }: Loss): string {
  return [
    `${lost} of ${sent} packets lost, the last of them ${milliseconds} ms after the node died`,
    `(sessions notice a silent peer after the hold time, here ${HOLD_SECONDS} s; half of the probes went to the other node)`,
  ].join('\n')
}

function servers({ rack }: Stage): readonly string[] {
  return rack.nodes.filter(({ plan }) => plan.serves).map(({ plan }) => plan.pod.name)
}
