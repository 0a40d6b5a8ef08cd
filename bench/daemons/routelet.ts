import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Daemon } from './daemon.ts'

const bin = join(import.meta.dirname, '../../bin/routelet')

export const routelet: Daemon = {
  name: 'routelet',
  howToAdd: 'it is this project',

  find() {
    return execFileSync(bin, ['--version'], { encoding: 'utf8' }).trim()
  },

  prepare(folder, listen, scenario) {
    const file = join(folder, 'routelet.yaml')
    writeFileSync(file, configuration(scenario.external))
    const paths = ['--socket', join(folder, 'routelet.sock'), '--state-dir', folder]
    return [
      bin,
      'reflector',
      '--config',
      file,
      ...paths,
      '--http',
      `${listen}:9179`,
      '--node',
      'bench',
      '--log-level',
      'warn',
    ]
  },
}

function configuration(external: boolean): string {
  return `apiVersion: routelet.io/v1alpha1
kind: RoutingConfig
metadata: { name: default }
spec: { asn: 65000, topology: { mode: None } }
---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: load }
spec:
  listenRange: 10.99.0.0/16
  peerASNType: ${external ? 'External' : 'Internal'}
  families: [ipv4-unicast]
${external ? '  importPolicies: [all]\n  exportPolicies: [all]\n' : '  routeReflectorClient: true\n'}---
apiVersion: routelet.io/v1alpha1
kind: RoutePolicy
metadata: { name: all }
spec: { rules: [], defaultAction: Accept }
`
}
