import pino, { type DestinationStream, type Logger } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** Lines a stuck reader of the log may hold back before they are dropped: a log must never stop the routing. */
const MAX_PENDING_OCTETS = 16 << 20

/**
 * JSON lines on standard output. `role` and `node` stand on every line; `peer`, `prefix`, `state`, `reason` and `err`
 * mean the same wherever they stand. Written in the background, save for the last words (`fatal`).
 */
export function createLog(options: {
  readonly level: LogLevel
  readonly base: Readonly<Record<string, string>>
  readonly destination?: DestinationStream
}): { readonly log: Logger; readonly fatal: (error: unknown, message: string) => void } {
  const destination =
    options.destination ?? pino.destination({ fd: 1, sync: false, minLength: 0, maxLength: MAX_PENDING_OCTETS })
  const log = pino({ level: options.level, base: options.base, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return { log, fatal: (error, message) => lastWords(log, destination, error, message) }
}

function lastWords(log: Logger, destination: DestinationStream, error: unknown, message: string): void {
  log.fatal(error === undefined ? {} : { err: error }, message)
  if ('flushSync' in destination) (destination as { flushSync(): void }).flushSync()
}
