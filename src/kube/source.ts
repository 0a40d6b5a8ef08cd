import type { Clock } from '../../bgp/ports.ts'
import type { Source, SourceEvents } from '../source.ts'

export interface KubernetesSourceOptions {
  readonly node: string
  readonly namespace: string
  readonly kubeconfig?: string
}

/** Objects from the Kubernetes API. */
export async function kubernetesSource(
  _options: KubernetesSourceOptions,
  _clock: Clock,
  events: SourceEvents,
): Promise<Source> {
  events.failed('the Kubernetes API is not supported by this version; use --config')
  return { stop() {} }
}
