import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scenario } from '../scenario.ts'
import { SHAPES } from '../shapes.ts'
import { below, type Daemon } from './daemon.ts'

export const openbgpd: Daemon = {
  name: 'openbgpd',
  howToAdd: 'apt-get install openbgpd',

  find(root) {
    if (!existsSync(join(root, 'usr/sbin/bgpd'))) return undefined
    const status = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8')
    const version = /^Package: openbgpd\n(?:.+\n)*?Version: (.+)$/m.exec(status)?.[1]
    return version && `OpenBGPD ${version}`
  },

  prepare({ folder, listen, scenario, root }) {
    // Its children lock themselves in there.
    mkdirSync(join(root, 'run/openbgpd'), { recursive: true })
    const file = join(root, folder, 'bgpd.conf')
    writeFileSync(file, configuration(folder, listen, scenario))
    chmodSync(file, 0o600)
    return [below(root, ['/usr/sbin/bgpd', '-d', '-f', `${folder}/bgpd.conf`])]
  },
}

function configuration(folder: string, listen: string, { external, shape, addPath }: Scenario): string {
  const { family } = SHAPES[shape]!.numbering
  return `AS 65000
router-id ${listen}
fib-update no
socket "${folder}/bgpd.sock"
listen on ${listen}
nexthop qualify via default
neighbor 10.99.0.0/16 {
  descr "load"
  passive
  announce IPv4 ${family === 4 ? 'unicast' : 'none'}
  announce IPv6 ${family === 6 ? 'unicast' : 'none'}
  ${addPath ? 'announce add-path send all' : ''}
  holdtime 180
  ${external ? 'enforce neighbor-as no\n  multihop 2' : 'remote-as 65000\n  route-reflector'}
}
allow from any
allow to any
`
}
