import { yamlText } from '../objects/yaml.ts'

export type OutputFormat = 'table' | 'json' | 'yaml'

/** Flags of every command that shows something. */
export interface QueryFlags {
  readonly socket: string
  readonly output: OutputFormat
}

/** A document for programs, as the API gave it. */
export function formatDocument(document: object, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : yamlText(document)
}
