import type { Log } from '../../bgp/ports.ts'

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

export interface LogLine {
  readonly level: keyof Log
  readonly fields: object
  readonly message: string
}

/** A log that keeps its lines for assertions. */
export function recordingLog(): Log & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: keyof Log) => (fields: object, message: string) => void lines.push({ level, fields, message })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), lines }
}
