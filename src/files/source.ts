import type { Clock } from '../../bgp/ports.ts'
import type { Problem } from '../contract.ts'
import type { RoutingObject } from '../objects/parse.ts'
import type { Source, SourceEvents } from '../source.ts'
import type { Loaded } from './load.ts'
import { type LoadFiles, watchFiles } from './watch.ts'

/** Objects from `--config`. The first reading must be without fault; after that the last good one stays. */
export function fileSource(path: string, clock: Clock, events: SourceEvents, load?: LoadFiles): Source {
  let good: readonly RoutingObject[] | undefined
  const loaded = ({ objects, problems }: Loaded) => {
    if (problems.length === 0) {
      good = objects
      events.changed({ objects, problems })
      events.health(true, `read ${path}`)
    } else if (good === undefined) {
      events.failed(problems.map(problemLine).join('\n'))
    } else {
      events.changed({ objects: good, problems })
      events.health(true, `${problems.length} problems in ${path}; what was read before stays in force`)
    }
  }
  return watchFiles(path, clock, loaded, load)
}

/** `peers.yaml: BGPPeer tor-1: spec.peerASN: expected …, got …` */
export function problemLine({ file, object, path, message }: Problem): string {
  return [file, object === file ? '' : object, path, message].filter(Boolean).join(': ')
}
