import { type Document, parseAllDocuments, stringify } from 'yaml'
import type { Problem } from '../contract.ts'
import { isRecord } from './read.ts'

export interface Documents {
  /** Objects, each with what to call it until its name is known. */
  readonly objects: readonly { readonly raw: unknown; readonly position: string }[]
  readonly problems: readonly Problem[]
}

/** Splits the text of a file (YAML of one or several documents, or JSON) into objects; a `List` counts as its items. */
export function documentsOf(text: string, file: string): Documents {
  const objects: { raw: unknown; position: string }[] = []
  const problems: Problem[] = []
  for (const [i, document] of parseAllDocuments(text).entries()) {
    const position = `document ${i + 1}`
    const { raw, error } = contentOf(document)
    if (error !== undefined) problems.push({ kind: 'Invalid', object: position, file, path: '', message: error })
    if (raw === null || raw === undefined) continue
    const items = isRecord(raw) && raw['kind'] === 'List' ? raw['items'] : undefined
    if (Array.isArray(items)) {
      objects.push(...items.map((item, n) => ({ raw: item, position: `${position}, item ${n + 1}` })))
    } else {
      objects.push({ raw, position })
    }
  }
  return { objects, problems }
}

function contentOf(document: Document.Parsed): { raw?: unknown; error?: string } {
  const [error] = document.errors
  if (error !== undefined) return { error: notYaml(error) }
  try {
    return { raw: document.toJS() }
  } catch (failure) {
    // Aliases that do not resolve, or that multiply without end, show only now.
    return { error: notYaml(failure) }
  }
}

function notYaml(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  // The first line points at an excerpt that follows it.
  return `not YAML: ${message.split('\n')[0]!.replace(/:$/, '')}`
}

/** The same objects always give the same text. */
export function formatYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
}
