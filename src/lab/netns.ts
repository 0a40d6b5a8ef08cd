import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A command failed; the message has its last words. */
export class CommandFailed extends Error {
  readonly code = 'CommandFailed'
}

/** Where one end of a link goes: `dev` in `netns`. */
export interface LinkEnd {
  readonly netns: Netns
  readonly dev: string
}

/**
 * Network namespaces whose names begin with one prefix, and everything in them: links, addresses, processes. They go
 * away together, also when whoever made them was killed, for the next `open` with the prefix begins by removing them.
 */
export class Namespaces implements AsyncDisposable {
  readonly #prefix: string
  #closed = false

  private constructor(prefix: string) {
    this.#prefix = prefix
  }

  static async open(prefix: string): Promise<Namespaces> {
    await removeNamespaces(prefix)
    return new Namespaces(prefix)
  }

  /** A new namespace with its loopback up. */
  async add(name: string): Promise<Netns> {
    const full = `${this.#prefix}${name}`
    await command('ip', ['netns', 'add', full])
    if (this.#closed) {
      await removeNamespace(full)
      throw new CommandFailed(`${full} came too late: its namespaces are being removed`)
    }
    const netns = new Netns(full)
    await netns.ip('link', 'set', 'lo', 'up')
    return netns
  }

  /** A virtual cable; both ends are up. */
  async link(a: LinkEnd, b: LinkEnd): Promise<void> {
    const peer = ['peer', 'name', b.dev, 'netns', b.netns.name]
    await command('ip', ['link', 'add', 'name', a.dev, 'netns', a.netns.name, 'type', 'veth', ...peer])
    await a.netns.ip('link', 'set', a.dev, 'up')
    await b.netns.ip('link', 'set', b.dev, 'up')
  }

  /** Ends what still runs in the namespaces and removes them. */
  async close(): Promise<void> {
    this.#closed = true
    await removeNamespaces(this.#prefix)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** One network namespace. */
export class Netns {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  /** Runs `ip` on the namespace and gives its output. */
  ip(...args: readonly string[]): Promise<string> {
    return command('ip', ['-n', this.name, ...args])
  }

  /** Runs a command inside to its end and gives its output. */
  exec(file: string, ...args: readonly string[]): Promise<string> {
    return command('ip', ['netns', 'exec', this.name, file, ...args])
  }

  /** Sets kernel parameters of the namespace, e.g. `net.ipv4.ip_forward`. */
  async sysctl(settings: Readonly<Record<string, string | number>>): Promise<void> {
    const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
    await this.exec('sysctl', '-qw', ...words)
  }

  /** Starts a command inside; it is in a process group of its own, so Ctrl-C does not reach it. */
  spawn(
    argv: readonly string[],
    options: { readonly logPath?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): ChildProcess {
    const log = options.logPath === undefined ? undefined : openSync(options.logPath, 'a')
    const child = spawn('ip', ['netns', 'exec', this.name, ...argv], {
      stdio: ['ignore', log ?? 'pipe', log ?? 'pipe'],
      env: { ...process.env, ...options.env },
      detached: true,
    })
    if (log !== undefined) closeSync(log)
    return child
  }
}

/** Removes all namespaces whose names begin with the prefix, and ends what runs in them. */
export async function removeNamespaces(prefix: string): Promise<void> {
  const list = JSON.parse((await command('ip', ['-j', 'netns', 'list'])) || '[]') as readonly {
    readonly name: string
  }[]
  await Promise.all(
    list
      .map(({ name }) => name)
      .filter((name) => name.startsWith(prefix))
      .map(removeNamespace),
  )
}

/** Sends a signal, unless the process is gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** When a process started, in ticks since boot: with its pid this names it for good. */
export function startTicks(pid: number): string | undefined {
  try {
    // The command in parentheses may hold anything, so count from its end; the start is the 22nd field.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

async function removeNamespace(name: string): Promise<void> {
  // Only processes inside this namespace are ended, so none that is not ours can be hit.
  const pids = await command('ip', ['netns', 'pids', name])
  for (const pid of pids.split('\n').filter((line) => line !== '')) signal(Number(pid), 'SIGKILL')
  await command('ip', ['netns', 'del', name])
}

async function command(file: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(file, args, { maxBuffer: 64 << 20 })
    return stdout
  } catch (error) {
    const { stderr, message } = error as { readonly stderr?: string; readonly message: string }
    throw new CommandFailed(`${file} ${args.join(' ')}: ${stderr?.trim() || message}`, { cause: error })
  }
}
