import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../contract.ts'
import { documentsOf } from '../objects/documents.ts'
import { objectTitle, parseObject, type RoutingObject } from '../objects/parse.ts'

export interface Loaded {
  readonly objects: readonly RoutingObject[]
  readonly problems: readonly Problem[]
  /** Changes when anything about the files does. */
  readonly signature: string
}

/** Reads a YAML or JSON file, or all of them in a directory. Any problem means that the objects are not complete. */
export async function loadFiles(path: string): Promise<Loaded> {
  const objects: RoutingObject[] = []
  const problems: Problem[] = []
  const files = await findFiles(path)
  if ('problem' in files) return { objects, problems: [files.problem], signature: files.signature }

  const seenIn = new Map<string, string>()
  for (const { file } of files.found) {
    const documents = await readDocuments(file)
    problems.push(...documents.problems)
    for (const { raw, position } of documents.objects) {
      const parsed = parseObject(raw, { file, position })
      if (!parsed.ok) {
        problems.push(...parsed.problems)
        continue
      }
      const double = noteWhere(parsed.object, file, seenIn)
      if (double !== undefined) problems.push(double)
      else objects.push(parsed.object)
    }
  }
  if (problems.length === 0 && !objects.some(({ kind }) => kind === 'RoutingConfig'))
    problems.push(fault('RoutingConfig default', path, 'there is none, and one is needed'))
  return { objects, problems, signature: files.signature }
}

/** The signature alone, to see whether reading again is worth it. */
export async function signatureOf(path: string): Promise<string> {
  return (await findFiles(path)).signature
}

type Files = { readonly signature: string } & (
  | { readonly found: readonly { readonly file: string }[] }
  | { readonly problem: Problem }
)

/** Follows symbolic links, so a projected ConfigMap is read through its `..data`, and a swap of that shows. */
async function findFiles(path: string): Promise<Files> {
  try {
    const whole = await stat(path, { bigint: true })
    if (!whole.isDirectory()) return { found: [{ file: path }], signature: signature(path, whole) }
    const names = (await readdir(path)).filter(holdsObjects).sort()
    const found: { file: string; signature: string }[] = []
    for (const name of names) {
      const file = join(path, name)
      const one = await stat(file, { bigint: true })
      if (one.isFile()) found.push({ file, signature: signature(file, one) })
    }
    const all = found.map((one) => one.signature).join('\n')
    if (found.length > 0) return { found, signature: all }
    return { problem: fault(path, path, 'no .yaml, .yml or .json file in this directory'), signature: all }
  } catch (error) {
    const message = `cannot be read: ${text(error)}`
    return { problem: fault(path, path, message), signature: message }
  }
}

/** Hidden files are of editors and of the mounts of ConfigMaps; a kustomization is about objects, and is none. */
function holdsObjects(name: string): boolean {
  return /\.(ya?ml|json)$/.test(name) && !name.startsWith('.') && !/^kustomization\./.test(name)
}

interface FileStat {
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
}

function signature(file: string, { ino, size, mtimeNs }: FileStat): string {
  return `${file} ${ino} ${size} ${mtimeNs}`
}

async function readDocuments(file: string): Promise<ReturnType<typeof documentsOf>> {
  try {
    return documentsOf(await readFile(file, 'utf8'), file)
  } catch (error) {
    return { objects: [], problems: [fault(file, file, `cannot be read: ${text(error)}`)] }
  }
}

/** An object may stand in the files once; a second one is a mistake, whichever was meant. */
function noteWhere({ kind, metadata }: RoutingObject, file: string, seenIn: Map<string, string>): Problem | undefined {
  const title = objectTitle(kind, metadata.name, metadata.namespace)
  const before = seenIn.get(title)
  if (before !== undefined) return fault(title, file, `is already in ${before}`)
  seenIn.set(title, file)
  return undefined
}

function fault(object: string, file: string, message: string): Problem {
  return { kind: 'Invalid', object, file, path: '', message }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
