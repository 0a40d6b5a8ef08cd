import { play } from './plays.ts'
import type { LoadCommand, LoadEvent, LoadResult } from './scenario.ts'
import type { Moment } from './stage.ts'

/** The load's process: sources and receivers of one scenario, pinned away from the daemon under test. */
let go: () => void = () => {}

process.on('message', (command: LoadCommand) => {
  if (command.type === 'go') return go()
  play(command, announce).then(
    (result: LoadResult) => tell({ type: 'result', result }),
    (error) => tell({ type: 'failed', error: String(error?.message ?? error) }),
  )
})

/** Resolves when the bench has read its clocks. */
function announce(moment: Moment): Promise<void> {
  return new Promise((resolve) => {
    go = resolve
    tell({ type: moment })
  })
}

function tell(event: LoadEvent): void {
  process.send!(event)
}
