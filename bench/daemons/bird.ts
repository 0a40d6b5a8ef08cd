import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { POLICY, SHAPES, type Shape } from '../shapes.ts'
import { below, type Daemon } from './daemon.ts'

export const bird: Daemon = {
  name: 'bird',
  howToAdd: 'apt-get install bird2',
  hasPolicies: true,

  find(root) {
    if (!existsSync(join(root, 'usr/sbin/bird'))) return undefined
    const [file, ...args] = below(root, ['/usr/sbin/bird', '--version'])
    const { stdout, stderr } = spawnSync(file!, args, { encoding: 'utf8' })
    return `${stdout}${stderr}`.trim()
  },

  prepare({ folder, listen, scenario, root }) {
    return start({ folder, root }, configuration(listen, scenario.external, SHAPES[scenario.shape], scenario.addPath))
  },

  prepareKernel({ folder, listen, root }) {
    return start({ folder, root }, configuration(listen, false) + KERNEL)
  },
}

function start({ folder, root }: { readonly folder: string; readonly root: string }, configuration: string) {
  writeFileSync(join(root, folder, 'bird.conf'), configuration)
  const files = ['-c', `${folder}/bird.conf`, '-s', `${folder}/bird.ctl`, '-P', `${folder}/bird.pid`]
  return [below(root, ['/usr/sbin/bird', '-f', ...files])]
}

const KERNEL = `protocol direct { ipv4; interface "bench0"; }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; scan time 60; }
`

function configuration(listen: string, external: boolean, shape: Shape = SHAPES['plain']!, addPath = false): string {
  const channel = `ipv${shape.numbering.family}`
  const policy = `import filter { bgp_local_pref = ${POLICY.localPref}; accept; };
    export filter { bgp_community.add((${POLICY.community.join(',')})); accept; };`
  const kind = external
    ? 'neighbor range 10.99.0.0/16 external; multihop'
    : 'neighbor range 10.99.0.0/16 internal; rr client; multihop'
  return `router id ${listen};
log stderr { fatal, bug };
protocol device {}
protocol bgp load {
  local ${listen} as 65000;
  ${kind};
  dynamic name "load";
  passive;
  hold time 180;
  ${channel} { ${shape.policies ? policy : 'import all; export all;'}${addPath ? ' add paths on;' : ''} };
}
`
}
