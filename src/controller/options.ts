import { logLevelProblems, nameProblems, readHttp, type Surroundings } from '../options.ts'
import type { LogLevel } from '../telemetry/log.ts'

/** Everything a controller is started with: complete and checked. */
export interface ControllerOptions {
  /** Absent: the service account of the pod. */
  readonly kubeconfig?: string
  /** Services without a class are served too. */
  readonly defaultClass: boolean
  /** Where the Lease is. */
  readonly namespace: string
  readonly hostName: string
  readonly http: { readonly address: string; readonly port: number }
  readonly logLevel: LogLevel
}

/** The flags as they came, from the command line or the environment. */
export interface ControllerFlags {
  readonly kubeconfig?: string
  readonly defaultClass?: boolean
  readonly http: string
  readonly namespace: string
  readonly logLevel: string
}

/** Reads the flags; every problem is named at once, with what was wanted and what came. */
export function readControllerOptions(
  { kubeconfig, defaultClass = false, ...flags }: ControllerFlags,
  { env, hostName }: Surroundings,
): { readonly options: ControllerOptions } | { readonly problems: readonly string[] } {
  const http = readHttp(flags.http)
  const inCluster = env['KUBERNETES_SERVICE_HOST'] !== undefined
  const problems = [
    ...(kubeconfig === undefined && !inCluster ? ['--kubeconfig PATH is needed outside of a cluster'] : []),
    ...('problem' in http ? [http.problem] : []),
    ...nameProblems('--namespace', flags.namespace, 63),
    ...logLevelProblems(flags.logLevel),
  ]
  if (problems.length > 0 || 'problem' in http) return { problems }
  const { namespace } = flags
  const logLevel = flags.logLevel as LogLevel
  const given = { defaultClass, namespace, hostName, http, logLevel }
  return { options: { ...(kubeconfig !== undefined && { kubeconfig }), ...given } }
}
