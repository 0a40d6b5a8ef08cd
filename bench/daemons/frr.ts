import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { POLICY, SHAPES, type Shape } from '../shapes.ts'
import { below, type Daemon } from './daemon.ts'

export const frr: Daemon = {
  name: 'frr',
  howToAdd: 'apt-get install frr',
  hasPolicies: true,

  find(root) {
    if (!existsSync(join(root, 'usr/lib/frr/bgpd'))) return undefined
    const [file, ...args] = below(root, ['/usr/lib/frr/bgpd', '--version'])
    return spawnSync(file!, args, { encoding: 'utf8' }).stdout.split('\n')[0]?.trim()
  },

  prepare({ folder, listen, scenario, root }) {
    return start({ folder, root }, configuration(listen, scenario.external, SHAPES[scenario.shape], scenario.addPath), [
      '-n',
    ])
  },

  prepareKernel({ folder, listen, root }) {
    return start({ folder, root }, configuration(listen, false), [])
  },
}

function start({ folder, root }: { readonly folder: string; readonly root: string }, config: string, flags: string[]) {
  writeFileSync(join(root, folder, 'bgpd.conf'), config)
  // Its daemons give up root, and then want to write here.
  execFileSync('chroot', [root, 'chown', '-R', 'frr:frr', folder])
  const common = ['--vty_socket', folder, '-z', `${folder}/zserv`]
  return [
    below(root, ['/usr/lib/frr/zebra', ...common, '-i', `${folder}/zebra.pid`, '-f', '/dev/null']),
    below(root, ['/usr/lib/frr/bgpd', ...flags, ...common, '-i', `${folder}/bgpd.pid`, '-f', `${folder}/bgpd.conf`]),
  ]
}

/** With its default of 10,000 messages it stops to read until the next keepalive, up to a minute, when a table comes fast. */
function configuration(listen: string, external: boolean, shape: Shape = SHAPES['plain']!, addPath = false): string {
  const policies = shape.policies ? '  neighbor LOAD route-map IN in\n  neighbor LOAD route-map OUT out\n' : ''
  return `route-map IN permit 10
 set local-preference ${POLICY.localPref}
exit
route-map OUT permit 10
 set community ${POLICY.community.join(':')} additive
exit
bgp input-queue-limit 4294967295
bgp output-queue-limit 4294967295
router bgp 65000
 bgp router-id ${listen}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 bgp route-reflector allow-outbound-policy
 bgp cluster-id ${listen}
 neighbor LOAD peer-group
 neighbor LOAD remote-as ${external ? 'external' : 'internal'}
 neighbor LOAD timers 60 180
 bgp listen limit 5000
 bgp listen range 10.99.0.0/16 peer-group LOAD
 address-family ipv${shape.numbering.family} unicast
  neighbor LOAD activate
${external ? '' : '  neighbor LOAD route-reflector-client\n'}${policies}${addPath ? '  neighbor LOAD addpath-tx-all-paths\n' : ''} exit-address-family
`
}
