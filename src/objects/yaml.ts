import { stringify } from 'yaml'

/** Data as YAML text, for people to read. */
export function yamlText(data: unknown): string {
  return stringify(data, { lineWidth: 0 })
}
