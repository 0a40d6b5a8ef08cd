import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SHAPES } from '../shapes.ts'
import { below, type Daemon } from './daemon.ts'

export const gobgp: Daemon = {
  name: 'gobgp',
  howToAdd: 'apt-get install gobgpd',

  find(root) {
    if (!existsSync(join(root, 'usr/bin/gobgpd'))) return undefined
    const [file, ...args] = below(root, ['/usr/bin/gobgpd', '--version'])
    return spawnSync(file!, args, { encoding: 'utf8' }).stdout.trim()
  },

  prepare({ folder, listen, scenario, root }) {
    writeFileSync(
      join(root, folder, 'gobgpd.toml'),
      configuration(listen, scenario.external, SHAPES[scenario.shape]!.numbering.family, scenario.addPath),
    )
    return [
      below(root, ['/usr/bin/gobgpd', '-f', `${folder}/gobgpd.toml`, '-l', 'error', '--api-hosts', `${listen}:50051`]),
    ]
  },
}

function configuration(listen: string, external: boolean, family: 4 | 6, addPath = false): string {
  const reflector = `  [peer-groups.route-reflector.config]
    route-reflector-client = true
    route-reflector-cluster-id = "${listen}"
`
  // Where it stands with the family, the peers of a range do not get it.
  const paths = '  [peer-groups.add-paths.config]\n    send-max = 16\n'
  return `[global.config]
  as = 65000
  router-id = "${listen}"
  local-address-list = ["${listen}"]
[[peer-groups]]
  [peer-groups.config]
    peer-group-name = "load"
    ${external ? '' : 'peer-as = 65000'}
${external ? '' : reflector}${addPath ? paths : ''}  [[peer-groups.afi-safis]]
    [peer-groups.afi-safis.config]
      afi-safi-name = "ipv${family}-unicast"
[[dynamic-neighbors]]
  [dynamic-neighbors.config]
    prefix = "10.99.0.0/16"
    peer-group = "load"
`
}
