import { isIP } from 'node:net'
import type { Role } from './api/contract.ts'
import type { LogLevel } from './telemetry/log.ts'

/** Everything an agent or reflector is started with: complete, checked, frozen. */
export interface NodeOptions {
  readonly role: Role
  readonly source: ConfigurationSource
  readonly node: string
  readonly namespace: string
  readonly socket: string
  readonly stateDir: string
  readonly http: { readonly address: string; readonly port: number }
  readonly logLevel: LogLevel
}

export type ConfigurationSource =
  | { readonly type: 'files'; readonly path: string }
  /** Without a kubeconfig: the service account of the pod. */
  | { readonly type: 'kubernetes'; readonly kubeconfig?: string }

/** The flags as they came, from the command line or the environment. */
export interface NodeFlags {
  readonly config?: string
  readonly kubeconfig?: string
  readonly node?: string
  readonly socket: string
  readonly stateDir: string
  readonly http: string
  readonly namespace: string
  readonly logLevel: string
}

const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'fatal', 'silent']

export const DEFAULTS = {
  socket: '/run/routelet/routelet.sock',
  stateDir: '/var/lib/routelet',
  http: '127.0.0.1:9179',
  namespace: 'routelet-system',
  logLevel: 'info',
} as const

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly hostName: string
}

/** Reads the flags; every problem is named at once, with what was wanted and what came. */
export function readNodeOptions(
  role: Role,
  flags: NodeFlags,
  surroundings: Surroundings,
): { readonly options: NodeOptions } | { readonly problems: readonly string[] } {
  const node = flags.node ?? surroundings.env['NODE_NAME'] ?? surroundings.hostName.toLowerCase()
  const source = readSource(flags, surroundings)
  const http = readHttp(flags.http)
  const problems = [
    ...('problem' in source ? [source.problem] : []),
    ...('problem' in http ? [http.problem] : []),
    ...nameProblems('--node', node, 253),
    ...nameProblems('--namespace', flags.namespace, 63),
    ...pathProblems('--socket', flags.socket, LONGEST_SOCKET_PATH),
    ...pathProblems('--state-dir', flags.stateDir),
    ...logLevelProblems(flags.logLevel),
  ]
  if (problems.length > 0 || 'problem' in source || 'problem' in http) return { problems }

  const { namespace, socket, stateDir } = flags
  const logLevel = flags.logLevel as LogLevel
  return { options: Object.freeze({ role, source, node, namespace, socket, stateDir, http, logLevel }) }
}

/** `sun_path` of unix(7), less its closing zero. */
const LONGEST_SOCKET_PATH = 107

function readSource(flags: NodeFlags, { env }: Surroundings): ConfigurationSource | { readonly problem: string } {
  if (flags.config !== undefined && flags.kubeconfig !== undefined)
    return {
      problem: '--config and --kubeconfig exclude each other: the configuration comes from files or from the API',
    }
  if (flags.config !== undefined) return { type: 'files', path: flags.config }
  if (flags.kubeconfig !== undefined) return { type: 'kubernetes', kubeconfig: flags.kubeconfig }
  if (env['KUBERNETES_SERVICE_HOST'] !== undefined) return { type: 'kubernetes' }
  return { problem: '--config PATH or --kubeconfig PATH is needed outside of a cluster' }
}

export function readHttp(text: string): NodeOptions['http'] | { readonly problem: string } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  const address = bracketed ?? plain ?? ''
  const port = Number(digits)
  if (digits === undefined || isIP(address) === 0 || port < 1 || port > 65_535)
    return {
      problem: `--http: expected ADDRESS:PORT such as ${DEFAULTS.http} or [::]:9179, got ${JSON.stringify(text)}`,
    }
  return { address, port }
}

/** Names of nodes and namespaces (RFC 1123). */
export function nameProblems(flag: string, name: string, longest: number): string[] {
  if (/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= longest) return []
  return [`${flag}: expected a Kubernetes name (lower case letters, digits, - and .), got ${JSON.stringify(name)}`]
}

function pathProblems(flag: string, path: string, longest?: number): string[] {
  if (path === '') return [`${flag}: expected a path, got nothing`]
  if (longest !== undefined && Buffer.byteLength(path) > longest)
    return [`${flag}: expected a path of at most ${longest} octets, got ${Buffer.byteLength(path)}`]
  return []
}

export function logLevelProblems(level: string): string[] {
  if (LOG_LEVELS.some((known) => known === level)) return []
  return [`--log-level: expected one of ${LOG_LEVELS.join(', ')}, got ${JSON.stringify(level)}`]
}
