import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

/** A source file as the rules see it: its path from the root of the tree, and its text. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

export interface Import {
  /** A path from the root, `node:net`, or the name of a package. */
  readonly target: string
  readonly kind: 'file' | 'node' | 'package'
  /** Loaded when it is needed, by `await import()`. */
  readonly lazy: boolean
}

/** All sources below the folders. */
export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') })),
  )
}

/** The imports of a file, types included. The formatter keeps their forms regular, so expressions find them. */
export function importsOf(file: SourceFile): Import[] {
  const code = withoutComments(file.text)
  const statements = [...code.matchAll(/^(?:import|export)\s(?:[^'"`;=]*?\sfrom\s)?['"]([^'"]+)['"]/gm)]
  const calls = [...code.matchAll(/(\bawait\s+)?\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)]
  return [
    ...statements.map(([, specifier = '']) => ({ ...resolve(file.path, specifier), lazy: false })),
    // Without `await` it names a type.
    ...calls.map(([, awaited, specifier = '']) => ({ ...resolve(file.path, specifier), lazy: awaited !== undefined })),
  ]
}

function resolve(from: string, specifier: string): Omit<Import, 'lazy'> {
  if (specifier.startsWith('.')) return { target: normalize(join(dirname(from), specifier)), kind: 'file' }
  if (specifier.startsWith('node:')) return { target: specifier, kind: 'node' }
  return { target: specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'), kind: 'package' }
}

const STRING_OR_COMMENT = /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g

/** Code alone; strings stay, and may hold what looks like a comment. */
export function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (_, string: string | undefined) => string ?? '')
}

export function withoutStrings(code: string): string {
  return code.replace(STRING_OR_COMMENT, '')
}

/** Does the path lie in the folder (`src/lab/`), or is it the file? */
export function isIn(path: string, place: string): boolean {
  return place.endsWith('/') ? path.startsWith(place) : path === place
}

/** The first cycle of imports found, as the files along it. Lazy ones do not count: they run when all is loaded. */
export function findCycle(files: readonly SourceFile[]): string[] | undefined {
  const graph = new Map(files.map((file) => [file.path, fileImports(file)]))
  const done = new Set<string>()
  for (const path of graph.keys()) {
    const cycle = walk(path, [], graph, done)
    if (cycle) return cycle
  }
  return undefined
}

function fileImports(file: SourceFile): string[] {
  return importsOf(file)
    .filter(({ kind, lazy }) => kind === 'file' && !lazy)
    .map(({ target }) => target)
}

function walk(
  path: string,
  trail: readonly string[],
  graph: ReadonlyMap<string, readonly string[]>,
  done: Set<string>,
): string[] | undefined {
  const seenAt = trail.indexOf(path)
  if (seenAt !== -1) return [...trail.slice(seenAt), path]
  if (done.has(path)) return undefined
  for (const next of graph.get(path) ?? []) {
    const cycle = walk(next, [...trail, path], graph, done)
    if (cycle) return cycle
  }
  done.add(path)
  return undefined
}

/** Functions and methods with their length; the formatter closes each at the indentation it began with. */
export function functionsOf(file: SourceFile): { readonly name: string; readonly lines: number }[] {
  const lines = file.text.split('\n')
  return lines.flatMap((line, at) => {
    const [, indent = '', name = ''] = FUNCTION_HEAD.exec(line) ?? []
    if (name === '' || CONTROL_WORDS.has(name)) return []
    const atSameDepth = lines
      .slice(at)
      .filter((later) => later.startsWith(indent) && /^[^\s]/.test(later.slice(indent.length)))
    // Parameters on lines of their own end in `) {`; a call of that form ends in `)`.
    if (line.endsWith('(') && !/^\).*\{$/.test(atSameDepth[1]?.slice(indent.length) ?? '')) return []
    // Methods of object literals have a comma behind; so have calls with an object, which are none.
    const closing = line.endsWith('({') ? [`${indent}}`] : [`${indent}}`, `${indent}},`]
    return [{ name, lines: lines.slice(at).findIndex((later) => closing.includes(later)) + 1 }]
  })
}

const FUNCTION_HEAD =
  /^(\s*)(?:export )?(?:static )?(?:async )?(?:function\*? )?(?:get |set )?([#\w]+)(?:<[^(]*>)?\((?:.*\{)?$/
const CONTROL_WORDS = new Set(['if', 'for', 'while', 'switch', 'catch', 'return', 'super'])
