import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, type Running } from './daemons.ts'
import { basics, Stage, whyNot } from './stage.ts'

type Ask = Running['ask']

/** What two ends must agree on, against the ends that matter. */
describe.each([
  {
    daemon: frr,
    gtsm: ['ttl-security hops 1'],
    async limit(ask: Ask) {
      await ask(
        'configure terminal\nrouter bgp 65010\naddress-family ipv4 unicast\nneighbor 10.50.0.1 maximum-prefix 1',
      )
    },
    async unlimit(ask: Ask) {
      await ask(
        'configure terminal\nrouter bgp 65010\naddress-family ipv4 unicast\nno neighbor 10.50.0.1 maximum-prefix',
      )
      await ask('clear bgp 10.50.0.1')
    },
  },
  {
    daemon: bird,
    gtsm: ['ttl security on;'],
    limit: (ask: Ask, stage: Stage) => reconfigure(ask, stage, BIRD_IPV4, BIRD_LIMITED),
    unlimit: (ask: Ask, stage: Stage) => reconfigure(ask, stage, BIRD_LIMITED, BIRD_IPV4),
  },
])('$daemon.name', ({ daemon, gtsm, limit: lower, unlimit: raise }) => {
  const reason = whyNot(...daemon.programs)
  describe.skipIf(reason !== undefined)(reason ?? 'and we', () => {
    test('talk under GTSM, and not when only one of us means it (RFC 5082)', async () => {
      await using stage = await Stage.open()
      const routelet = await stage.routelet(1, 'agent', objects('  ttlSecurityHops: 1'))
      const plain = await daemon.start(stage, other([]))
      await eventually('packets from too far', async () => (await stage.drops('TCPMinTTLDrop', 1)) >= 3, 20_000)
      expect((await routelet.peer('other'))?.timesEstablished).toBe(0)
      await stage.kill(plain.child)
      const guarded = await daemon.start(stage, { ...other(gtsm), host: 3 })
      routelet.configure(objects('  ttlSecurityHops: 1', 3))
      await eventually('the session', async () => (await routelet.peer('other'))?.state === 'Established', 40_000)
      await eventually('our route at the peer', () => guarded.route('10.1.1.0/24'), 20_000)
    })

    test('part when there are too many prefixes here, and when there are there; it is said why, and we come back', async () => {
      await using stage = await Stage.open()
      const limited = (ipv4: number) =>
        objects(`  maxPrefixes: { ipv4: ${ipv4}, action: Restart, restartSeconds: 1 }`) + ANOTHER
      const routelet = await stage.routelet(1, 'agent', limited(2))
      const far = await daemon.start(stage, { ...other([]), originate4: ['20.1.0.0/24', '20.2.0.0/24', '20.3.0.0/24'] })
      const ended = async () => (await routelet.peer('other'))?.lastError
      const error = await eventually('the end of the session', ended, 40_000)
      // A Hard Reset with that reason inside, where the peer knows it (RFC 8538).
      expect(error).toMatchObject({ code: 6, direction: 'sent' })
      expect(error?.text).toContain('more than 2 ipv4-unicast prefixes')
      await eventually(
        'it is tried again',
        async () => ((await routelet.peer('other'))?.timesEstablished ?? 0) > 1,
        20_000,
      )
      expect((await routelet.kernel(4)).has('20.1.0.0/24')).toBe(false)
      // FRR tells us our own routes again, and they do not count.
      routelet.configure(limited(3))
      await eventually('all three', async () => (await routelet.kernel(4)).has('20.3.0.0/24'), 40_000)

      await eventually('our route at the peer', () => far.route('198.51.100.0/24'), 40_000)
      await lower(far.ask, stage)
      const refused = async () => {
        const last = (await routelet.peer('other'))?.lastError
        return last?.direction === 'received' ? last : undefined
      }
      const refusal = await eventually('their word', refused, 40_000)
      expect(refusal).toMatchObject({ code: 6, subcode: 1, text: expect.stringMatching(/maximum number of prefixes/i) })
      await raise(far.ask, stage)
      await eventually('our route again', () => far.route('198.51.100.0/24'), 40_000)
      const { notifications } = (await routelet.peer('other'))!
      expect(notifications).toContainEqual(expect.objectContaining({ direction: 'received', code: 6, subcode: 1 }))
    })
  })
})

const BIRD_IPV4 = 'ipv4 { import all; export all; next hop self; };'
const BIRD_LIMITED = 'ipv4 { import all; receive limit 1 action restart; export all; next hop self; };'

async function reconfigure(ask: Ask, stage: Stage, before: string, after: string): Promise<void> {
  stage.write('bird2.conf', stage.read('bird2.conf').replace(before, after))
  await ask('configure', `"${stage.path('bird2.conf')}"`)
}

/** A second route of ours. */
const ANOTHER = `---
apiVersion: routelet.io/v1alpha1
kind: BGPAdvertisement
metadata: { name: another }
spec: { type: Prefix, prefixes: [198.51.100.0/24] }
`

const exabgp = '/usr/sbin/exabgp'
const without = whyNot(exabgp)

describe.skipIf(without !== undefined)(without ?? 'ExaBGP', () => {
  test('with 2-octet AS numbers alone: the truth goes round in AS4_PATH (RFC 6793)', async () => {
    await using stage = await Stage.open()
    const routelet = await stage.routelet(1, 'agent', objects('', 2, 65010, 4_200_000_000))
    const heard = stage.path('heard.json')
    // Its own output must stay open, or ExaBGP takes it for dead.
    stage.write('listen.sh', `#!/bin/sh\nwhile read -r line; do echo "$line" >> ${heard}; done\n`)
    stage.write('heard.json', '')
    const config = stage.write('exabgp.conf', EXABGP(stage.path('listen.sh')))
    await stage.start(2, 'exabgp', ['env', 'exabgp_daemon_user=root', 'exabgp_daemon_drop=false', exabgp, config])
    await eventually('the session', async () => (await routelet.peer('other'))?.state === 'Established', 40_000)
    await eventually('its route', async () => (await routelet.kernel(4)).has('20.1.0.0/24'), 20_000)
    expect((await routelet.routes('20.1.0.0/24'))[0]).toMatchObject({ asPath: '65010 4200000001 7' })
    await eventually('ours over there', () => readFileSync(heard, 'utf8').includes('10.1.1.0/24'), 20_000)
    expect(readFileSync(heard, 'utf8')).toContain('23456')
    expect(readFileSync(heard, 'utf8')).toContain('4200000000')
  })
})

const EXABGP = (listener: string) => `process listener {
  run /bin/sh ${listener};
  encoder json;
}
neighbor 10.50.0.1 {
  router-id 10.50.0.2;
  local-address 10.50.0.2;
  local-as 65010;
  peer-as 23456;
  hold-time 9;
  capability { asn4 disable; }
  family { ipv4 unicast; }
  api { processes [ listener ]; receive { parsed; update; } }
  static { route 20.1.0.0/24 next-hop 10.50.0.2 as-path [ 65010 4200000001 7 ]; }
}
`

function other(more: readonly string[]) {
  return {
    host: 2,
    asn: 65010,
    neighbors: [{ address: '10.50.0.1', asn: 65000, more }],
    originate4: ['20.1.0.0/24'],
    originate6: [],
  }
}

function objects(more: string, host = 2, asn = 65010, local = 65000): string {
  return `${basics(1, local)}---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: other }
spec:
  address: 10.50.0.${host}
  peerASN: ${asn}
  families: [ipv4-unicast]
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  importPolicies: [all]
${more}
`
}
