import { runCli } from './cli/program.ts'

const exitCode = await runCli(process.argv.slice(2), process)
await Promise.all([process.stdout, process.stderr].map(taken))
// The command is over, whatever timers and sockets still wait for.
process.exit(exitCode)

/** Whoever reads has taken what was written, or reads no more. */
function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}
