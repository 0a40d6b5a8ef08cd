import { Command, CommanderError, Option } from 'commander'
import { API_VERSION, type Role } from '../api/contract.ts'
import type { ControllerFlags } from '../controller/options.ts'
import { EXIT_BAD_INPUT, EXIT_FAILED, Failure } from '../failure.ts'
import { DEFAULTS, type NodeFlags } from '../options.ts'
import { version } from '../version.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command line and says the exit status. What a command needs is loaded when it runs, so `--version` is quick. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const program = createProgram(terminal)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    return report(error, terminal)
  }
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('routelet')
    .description('The BGP speaker of a Kubernetes node and a route reflector in one.')
    .version(version())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
  addNodeCommand(program, terminal, 'agent', 'run the BGP speaker of this node: sessions, kernel routes, announcements')
  addNodeCommand(program, terminal, 'reflector', 'run a route reflector: the same engine without kernel routes')
  addControllerCommand(program, terminal)
  addQueries(program, terminal)
  program
    .command('validate <path>')
    .description('check a file or folder of objects as the API server would')
    .action(async (path: string) => (await import('./validate.ts')).validate(path, terminal))
  program
    .command('lab')
    .description('build a virtual rack in network namespaces and show routelet at work (needs root or user namespaces)')
    .option('--once', 'leave after the demonstration, with status 0 when everything was right')
    .addOption(
      new Option('--tor <router>', 'what runs on the top-of-rack router')
        .choices(['routelet', 'frr', 'bird'])
        .default('routelet'),
    )
    .action(async (flags) => (await import('../lab/lab.ts')).runLab(flags, terminal))
  return program
}

function addNodeCommand(program: Command, terminal: Terminal, role: Role, description: string): void {
  program
    .command(role)
    .description(description)
    .usage('(--config PATH | --kubeconfig PATH) [options]')
    .addOption(
      new Option('--config <path>', 'file or folder of objects, re-read when it changes').env('ROUTELET_CONFIG'),
    )
    .addOption(kubeconfigOption())
    .addOption(
      new Option('--node <name>', 'name of this node (default: $NODE_NAME, then the host name)').env('ROUTELET_NODE'),
    )
    .addOption(socketOption())
    .addOption(
      new Option('--state-dir <path>', 'where the last configuration is kept')
        .env('ROUTELET_STATE_DIR')
        .default(DEFAULTS.stateDir),
    )
    .addOption(httpOption())
    .addOption(namespaceOption("routelet's own namespace, where Secrets are"))
    .addOption(logLevelOption())
    // Unknown flags are gathered with the other problems, so that all are seen at once.
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (flags: NodeFlags, command: Command) =>
      (await import('./node.ts')).runNodeCommand(role, flags, command.args, terminal),
    )
}

function addControllerCommand(program: Command, terminal: Terminal): void {
  program
    .command('controller')
    .description('give LoadBalancer Services their addresses; of several replicas one leads')
    .usage('[--kubeconfig PATH] [options]')
    .addOption(kubeconfigOption())
    .addOption(
      new Option('--default-class', 'serve Services without a loadBalancerClass too').env('ROUTELET_DEFAULT_CLASS'),
    )
    .addOption(httpOption())
    .addOption(namespaceOption("routelet's own namespace, where the Lease is"))
    .addOption(logLevelOption())
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (flags: ControllerFlags, command: Command) =>
      (await import('./controller.ts')).runControllerCommand(flags, command.args, terminal),
    )
}

function addQueries(program: Command, terminal: Terminal): void {
  program
    .command('status')
    .description('how the routelet on this machine is doing')
    .addOption(socketOption())
    .addOption(outputOption())
    .action(async (flags) => (await import('./status.ts')).showStatus(flags, terminal))
  program
    .command('peers [name]')
    .description('BGP sessions; with a name or address: everything about one')
    .addOption(socketOption())
    .addOption(outputOption())
    .action(async (name, flags) => (await import('./peers.ts')).showPeers(name, flags, terminal))
  program
    .command('routes [prefix]')
    .description('routes of the RIB or of the kernel; an address finds the longest match')
    .addOption(new Option('--family <family>', 'one family only').choices(['ipv4-unicast', 'ipv6-unicast']))
    .addOption(new Option('--received-from <peer>', 'what this peer told us').conflicts(['advertisedTo', 'kernel']))
    .addOption(new Option('--advertised-to <peer>', 'what we told this peer').conflicts(['kernel']))
    .option('--kernel', 'the routes of ours in the kernel')
    .option('--all-paths', 'all candidates, not only the best')
    .addOption(socketOption())
    .addOption(outputOption())
    .action(async (prefix, flags) => (await import('./routes.ts')).showRoutes(prefix, flags, terminal))
}

function kubeconfigOption(): Option {
  return new Option('--kubeconfig <path>', 'how to reach the Kubernetes API; not needed inside a cluster').env(
    'ROUTELET_KUBECONFIG',
  )
}

function httpOption(): Option {
  return new Option('--http <address:port>', 'metrics and health').env('ROUTELET_HTTP').default(DEFAULTS.http)
}

function namespaceOption(description: string): Option {
  return new Option('--namespace <name>', description).env('ROUTELET_NAMESPACE').default(DEFAULTS.namespace)
}

function logLevelOption(): Option {
  return new Option('--log-level <level>', 'debug, info, warn, error, fatal or silent')
    .env('ROUTELET_LOG_LEVEL')
    .default(DEFAULTS.logLevel)
}

function socketOption(): Option {
  return new Option('--socket <path>', 'unix socket of the local API').env('ROUTELET_SOCKET').default(DEFAULTS.socket)
}

function outputOption(): Option {
  return new Option('-o, --output <format>', `table, or ${API_VERSION} as json or yaml`)
    .choices(['table', 'json', 'yaml'])
    .default('table')
}

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_BAD_INPUT
  if (error instanceof Failure) {
    for (const line of error.lines) terminal.stderr.write(`routelet: ${line}\n`)
    return error.exitCode
  }
  // The reader of a pipe went away (`| head`).
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0
  terminal.stderr.write(`routelet: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return EXIT_FAILED
}
