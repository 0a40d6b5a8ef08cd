import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signal } from '../../src/lab/netns.ts'
import { eventually } from '../eventually.ts'
import { bird, frr, type OtherDaemon, type Running } from './daemons.ts'
import { type Routelet, Stage, whyNot } from './stage.ts'

/** Clients that listen, in one process; enough that one of them counts for nothing. */
const CROWD = 500
/** Each with attributes of its own; changed a few times, they are more than what waits for a peer that sleeps may be. */
const TABLE = 2_000
/** The table changes this often, and a route comes with it that all can be seen to have. */
const ROUNDS = [1, 2, 3, 4]
const LAST = 4
const [SOURCE, FRR, BIRD, MANY] = [2, 3, 4, 5]

const reason = whyNot(...frr.programs, ...bird.programs)

/** A reflector whose clients are a source, FRR and BIRD, which are stopped in the middle of it, and many others. */
describe.skipIf(reason !== undefined)(reason ?? 'clients that stop reading', () => {
  let stage: Stage
  let reflector: Routelet
  let source: Running
  const sleepers: { readonly daemon: OtherDaemon; readonly host: number; readonly more: string; running?: Running }[] =
    [
      { daemon: frr, host: FRR, more: 'timers 80 240' },
      { daemon: bird, host: BIRD, more: 'hold time 240; keepalive time 80;' },
    ]

  beforeAll(async () => {
    stage = await Stage.open({ captured: false })
    const us = await stage.host(1)
    // As little as the kernel allows, so that a sleeper is behind at once.
    await us.sysctl({ 'net.ipv4.tcp_wmem': '4096 16384 65536' })
    await us.ip('route', 'add', '10.51.0.0/16', 'via', `10.50.0.${MANY}`)
    const many = await stage.host(MANY)
    await many.ip('route', 'add', 'local', '10.51.0.0/16', 'dev', 'lo')
    for (const { host } of sleepers) await (await stage.host(host)).sysctl({ 'net.ipv4.tcp_rmem': '4096 16384 65536' })
    reflector = await stage.routelet(1, 'reflector', OBJECTS)
    source = await bird.start(stage, { ...client(SOURCE, WORDY), originate4: ['20.0.0.0/24'] })
    for (const each of sleepers) each.running = await each.daemon.start(stage, client(each.host, [each.more]))
    const program = `${import.meta.dirname}/crowd.ts`
    const argv = [process.execPath, program, '10.50.0.1', '65000', String(CROWD), '20.0.0.0/24', ...ROUNDS.map(probe)]
    await stage.start(MANY, 'crowd', argv)
    await eventually('all sessions', () => stage.log('crowd').includes('established'), 30_000)
    await eventually('a first route', () => stage.log('crowd').includes('20.0.0.0/24'), 30_000)
    for (const { running } of sleepers) await eventually('it there', () => running!.route('20.0.0.0/24'), 30_000)
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test('keep nobody else from what changes meanwhile', async () => {
    for (const { running } of sleepers) signal(running!.child.pid!, 'SIGSTOP')
    for (const round of ROUNDS) {
      await announce(round)
      await eventually('the change at all others', () => stage.log('crowd').includes(probe(round)), 20_000)
    }
    expect(stage.log('crowd')).not.toContain('NOTIFICATION')
    const peers = await reflector.peers()
    expect(peers.filter(({ state }) => state === 'Established')).toHaveLength(CROWD + 3)
    for (const { name, messages } of peers) {
      if (sleepers.some(({ host }) => name === `p${host}`))
        expect(messages.updatesSent).toBeLessThan(ROUNDS.length * TABLE)
      else if (name !== `p${SOURCE}`) expect(messages.updatesSent).toBeGreaterThan(ROUNDS.length * TABLE)
    }
  })

  test('have the newest state when they read again, without a new session', async () => {
    for (const { running } of sleepers) signal(running!.child.pid!, 'SIGCONT')
    for (const { host, running } of sleepers) {
      await eventually('the last change', async () => (await running!.route(probe(LAST)))?.nextHop, 20_000)
      await eventually('the end of the table', () => running!.route(nth(TABLE - 1)), 20_000)
      expect(await running!.route(probe(LAST - 1))).toBeUndefined()
      expect(await reflector.peer(`p${host}`)).toMatchObject({ timesEstablished: 1, notifications: [] })
    }
  })

  /** The source has the whole table, each route with a MED that is new, and one more route. */
  async function announce(round: number): Promise<void> {
    const rows = Array.from(
      { length: TABLE },
      (_, n) => `  route ${nth(n)} blackhole { bgp_med = ${n * 10 + round}; };`,
    )
    const statics = `protocol static { ipv4;\n${rows.join('\n')}\n  route ${probe(round)} blackhole;\n}`
    const before = stage.read(`bird${SOURCE}.conf`)
    stage.write(`bird${SOURCE}.conf`, before.replace(/protocol static \{ ipv4;[\s\S]*?\n\}/, statics))
    await source.ask('configure', `"${stage.path(`bird${SOURCE}.conf`)}"`)
  }
})

function nth(n: number): string {
  return `21.${n >> 8}.${n & 255}.0/24`
}

function probe(round: number): string {
  return `20.9.${round}.0/24`
}

function client(host: number, more: readonly string[] = []) {
  const neighbors = [{ address: '10.50.0.1', asn: 65000, more }]
  return { host, asn: 65000, neighbors, originate4: [], originate6: [] }
}

/** So that UPDATEs are long. */
const LONG = Array.from({ length: 10 }, (_, i) => `bgp_large_community.add((65000, 1, ${i}));`).join(' ')
const WORDY = [`ipv4 { import all; next hop self; export filter { ${LONG} accept; }; };`]

const PEER = `  peerASN: 65000
  families: [ipv4-unicast]
  routeReflectorClient: true
  timers: { holdSeconds: 240, keepaliveSeconds: 80, connectRetrySeconds: 1 }
`

const OBJECTS = `apiVersion: routelet.io/v1alpha1
kind: RoutingConfig
metadata: { name: default }
spec: { asn: 65000, topology: { mode: None, reflectors: { clusterID: 1.1.1.1 } } }
---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: many }
spec:
  listenRange: 10.51.0.0/16
${PEER}${[SOURCE, FRR, BIRD]
  .map(
    (host) => `---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: p${host} }
spec:
  address: 10.50.0.${host}
  passive: true
${PEER}`,
  )
  .join('')}`
