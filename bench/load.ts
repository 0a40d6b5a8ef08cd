import { play } from './plays.ts'
import type { LoadCommand, LoadEvent, LoadResult } from './scenario.ts'

/** The load's process: sources and receivers of one scenario, pinned away from the daemon under test. */
process.on('message', (command: LoadCommand) => {
  play(command, (event) => tell(event)).then(
    (result: LoadResult) => tell({ type: 'result', result }),
    (error) => tell({ type: 'failed', error: String(error?.message ?? error) }),
  )
})

function tell(event: LoadEvent): void {
  process.send!(event)
}
