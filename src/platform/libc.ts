import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'

/** The few calls that Node has no words for. Each returns what the C function returns. */
interface Libc {
  socket(domain: number, type: number, protocol: number): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number
  /** setsockopt with a struct sock_fprog, which holds a pointer. */
  attachFilter(fd: number, level: number, name: number, value: FilterProgram, length: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  listen(fd: number, backlog: number): number
  close(fd: number): number
  sendto(fd: number, octets: Uint8Array, length: number, flags: number, to: Uint8Array, toLength: number): number
  unshare(flags: number): number
}

interface FilterProgram {
  readonly len: number
  readonly filter: Uint8Array
}

/** A system call failed, or cannot be made at all. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  /** `EADDRINUSE`, … */
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** Calls `name` with these arguments; `what` says in words what failed. */
export function systemCall<N extends keyof Libc>(what: string, name: N, ...args: Parameters<Libc[N]>): number {
  loaded ??= load()
  // A generic method of a union cannot be applied to its own parameters without help.
  const call = loaded.libc[name] as (...args: Parameters<Libc[N]>) => number
  const result = call(...args)
  if (result >= 0) return result
  const code = getSystemErrorName(-loaded.errno())
  throw new SystemError(code, `${what}: ${code} (${words(code)})`)
}

let loaded: { readonly libc: Libc; errno(): number } | undefined

/** Loaded at first use only: a command that opens no such socket does not pay for it. */
function load(): { readonly libc: Libc; errno(): number } {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const library = koffi.load(null)
    const program = koffi.struct({ len: 'uint16_t', filter: 'const uint8_t *' })
    return {
      errno: () => koffi.errno(),
      libc: {
        socket: library.func('int socket(int, int, int)'),
        setsockopt: library.func('int setsockopt(int, int, int, const uint8_t *, uint32_t)'),
        attachFilter: library.func('setsockopt', 'int', ['int', 'int', 'int', koffi.pointer(program), 'uint32_t']),
        bind: library.func('int bind(int, const uint8_t *, uint32_t)'),
        listen: library.func('int listen(int, int)'),
        close: library.func('int close(int)'),
        sendto: library.func('int64_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)'),
        unshare: library.func('int unshare(int)'),
      },
    }
  } catch (cause) {
    throw new SystemError('ENOSYS', `this platform (${process.platform} ${process.arch}) has no socket options`, cause)
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted, CAP_NET_ADMIN or CAP_NET_RAW is missing',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'not an address of this host',
  ENOPROTOOPT: 'this kernel lacks the option',
  ENODEV: 'no such interface',
}

function words(code: string): string {
  return WORDS[code] ?? `errno ${(constants.errno as Readonly<Record<string, number>>)[code] ?? 'unknown'}`
}
