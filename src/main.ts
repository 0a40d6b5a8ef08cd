import { runCli } from './cli/program.ts'

const exitCode = await runCli(process.argv.slice(2), process)
// The command is over, whatever timers and sockets still wait for.
process.exit(exitCode)
