import type { Problem } from '../contract.ts'
import { API_VERSION, GROUP, metadata, type ObjectOf } from '../kinds/kind.ts'
import { configurationKinds } from '../kinds/kinds.ts'
import { object, type Schema, string } from '../kinds/schema.ts'
import { coreKinds, type EndpointSlice, type Namespace, type Node, type Secret, type Service } from './core-kinds.ts'
import { notYetHonoured } from './not-yet.ts'
import { type Fault, isRecord, read } from './read.ts'
import { brokenRules } from './rules.ts'
import { show } from './show.ts'

type ConfigurationKind = (typeof configurationKinds)[number]
type ConfigurationOf<K> = K extends ConfigurationKind ? ObjectOf<K> : never

/** An object of one of our kinds that people write. */
export type ConfigurationObject = ConfigurationOf<ConfigurationKind>

/** Any object we read, from a file or from the API. */
export type RoutingObject = ConfigurationObject | Node | Service | EndpointSlice | Secret | Namespace

export type Parsed =
  | { readonly ok: true; readonly object: RoutingObject }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Where an object came from, for the messages. */
export interface Origin {
  readonly file?: string
  /** What to call it when it does not say itself: `document 2`. */
  readonly position: string
}

/** The one way from data to a typed object: schema, defaults, CEL rules, and what this version can do. */
export function parseObject(raw: unknown, origin: Origin): Parsed {
  const faults: Fault[] = []
  const parsed = parse(raw, faults)
  if (parsed !== undefined && faults.length === 0) return { ok: true, object: parsed }
  const object = nameOf(raw) ?? origin.position
  return {
    ok: false,
    problems: faults.map(({ path, message }) => ({
      kind: 'Invalid',
      object,
      ...(origin.file !== undefined && { file: origin.file }),
      path,
      // What stands in a Secret stays there.
      message: object.startsWith('Secret') ? message.replace(/, got .*$/, '') : message,
    })),
  }
}

interface Readable {
  readonly apiVersion: string
  readonly schema: Schema
}

const readable: ReadonlyMap<string, Readable> = new Map<string, Readable>([
  ...Object.entries(coreKinds),
  ...configurationKinds.map((kind): [string, Readable] => [
    kind.kind,
    { apiVersion: API_VERSION, schema: wholeObject(kind) },
  ]),
])

function wholeObject(kind: ConfigurationKind): Schema {
  const word = string('A word.', { maxLength: 253, required: true })
  const fields = { apiVersion: word, kind: word, metadata, spec: kind.spec }
  return object(kind.description, fields, { ...('rules' in kind && kind.rules && { rules: kind.rules }) })
}

function parse(raw: unknown, faults: Fault[]): RoutingObject | undefined {
  const form = formOf(raw, faults)
  if (form === undefined || !isRecord(raw)) return undefined

  // The status of our kinds is ours to write; from a file it says nothing.
  const { status, ...rest } = raw
  const ours = form.apiVersion.startsWith(GROUP)
  const result = read(form.schema, ours ? rest : raw)
  if (!result.ok) {
    faults.push(...result.faults)
    return undefined
  }
  faults.push(...brokenRules(form.schema, result.value, ''), ...notYetHonoured(String(raw['kind']), result.value))
  // The kind has been matched with its schema, so the value is the member of the union it says it is.
  return { ...(result.value as object), kind: raw['kind'] } as RoutingObject
}

function formOf(raw: unknown, faults: Fault[]): Readable | undefined {
  if (!isRecord(raw)) {
    faults.push({ path: '', message: `expected an object, got ${show(raw)}` })
    return undefined
  }
  const form = typeof raw['kind'] === 'string' ? readable.get(raw['kind']) : undefined
  if (form === undefined) {
    faults.push({
      path: 'kind',
      message: `expected one of ${[...readable.keys()].join(', ')}, got ${show(raw['kind'])}`,
    })
    return undefined
  }
  if (raw['apiVersion'] !== form.apiVersion) {
    faults.push({ path: 'apiVersion', message: `expected ${form.apiVersion}, got ${show(raw['apiVersion'])}` })
    return undefined
  }
  return form
}

function nameOf(raw: unknown): string | undefined {
  if (!isRecord(raw) || typeof raw['kind'] !== 'string' || !isRecord(raw['metadata'])) return undefined
  const { name, namespace } = raw['metadata']
  if (typeof name !== 'string') return undefined
  return objectTitle(raw['kind'], name, typeof namespace === 'string' ? namespace : undefined)
}

/** `BGPPeer tor-1`, `Service shop/web`: what problems call an object. */
export function objectTitle(kind: string, name: string, namespace?: string): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
}
