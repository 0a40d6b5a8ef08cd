import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { POLICY, SHAPES, type Shape } from '../shapes.ts'
import type { Daemon } from './daemon.ts'

const root = join(import.meta.dirname, '../..')
export const ROUTELET = join(root, 'bin/routelet')

export const routelet: Daemon = {
  name: 'routelet',
  howToAdd: 'it is this project',
  hasPolicies: true,

  find() {
    return `routelet ${execFileSync(ROUTELET, ['--version'], { encoding: 'utf8' }).trim()}`
  },

  prepare({ folder, listen, scenario }) {
    return start(
      'reflector',
      { folder, listen },
      configuration(scenario.external, SHAPES[scenario.shape], scenario.addPath),
    )
  },

  prepareKernel({ folder, listen }) {
    return start('agent', { folder, listen }, configuration(false))
  },
}

function start(
  role: 'agent' | 'reflector',
  { folder, listen }: { readonly folder: string; readonly listen: string },
  config: string,
) {
  const file = join(folder, 'routelet.yaml')
  writeFileSync(file, config)
  const paths = ['--config', file, '--socket', join(folder, 'routelet.sock'), '--state-dir', folder]
  return [[...program(), role, ...paths, '--http', `${listen}:9179`, '--node', 'bench', '--log-level', 'warn']]
}

/** The program, or the runtime with a profiler that writes into the folder named. */
function program(): string[] {
  const folder = env['ROUTELET_BENCH_PROFILE']
  if (folder === undefined) return [ROUTELET]
  return [execPath, '--cpu-prof', '--cpu-prof-dir', folder, join(root, 'src/main.ts')]
}

function configuration(external: boolean, shape: Shape = SHAPES['plain']!, addPath = false): string {
  const [imports, exports] = shape.policies ? ['prefer', 'mark'] : ['all', 'all']
  // Internal peers need no policy, external ones pass nothing without (RFC 8212).
  const policies = external || shape.policies ? `  importPolicies: [${imports}]\n  exportPolicies: [${exports}]\n` : ''
  const paths = addPath ? '  addPath: { send: 16 }\n' : ''
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
  families: [ipv${shape.numbering.family}-unicast]
${policies}${paths}${external ? '' : '  routeReflectorClient: true\n'}---
apiVersion: routelet.io/v1alpha1
kind: RoutePolicy
metadata: { name: all }
spec: { rules: [], defaultAction: Accept }
---
apiVersion: routelet.io/v1alpha1
kind: RoutePolicy
metadata: { name: prefer }
spec: { rules: [{ name: all, set: { localPref: ${POLICY.localPref} }, action: Accept }], defaultAction: Reject }
---
apiVersion: routelet.io/v1alpha1
kind: RoutePolicy
metadata: { name: mark }
spec:
  rules: [{ name: all, set: { addCommunities: ['${POLICY.community.join(':')}'] }, action: Accept }]
  defaultAction: Reject
`
}
