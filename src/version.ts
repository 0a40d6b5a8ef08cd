import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of package.json and bin/; the build lies one folder deeper than the sources. */
export function packageRoot(): string {
  const fromSources = join(import.meta.dirname, '..')
  return existsSync(join(fromSources, 'package.json')) ? fromSources : join(fromSources, '..')
}

export function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version
}
