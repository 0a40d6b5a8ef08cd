import type { Schema, SchemaNode, ValueOf } from '../kinds/schema.ts'
import { closest } from './closest.ts'
import { show } from './show.ts'

/** What is wrong with a value: where, what was expected and what came. */
export interface Fault {
  /** `spec.timers.holdSeconds`, `spec.rules[0].name`. */
  readonly path: string
  readonly message: string
}

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] }

/** Checks a value against its schema and fills in the defaults, by the rules of the API server. CEL comes after (`rules.ts`). */
export function read<S extends Schema>(schema: S, raw: unknown, path = ''): Read<ValueOf<S>> {
  const faults: Fault[] = []
  const value = readNode(schema, raw, path, faults)
  // The one place where checked data becomes a typed value.
  return faults.length === 0 ? { ok: true, value: value as ValueOf<S> } : { ok: false, faults }
}

function readNode(schema: SchemaNode, raw: unknown, path: string, faults: Fault[]): unknown {
  switch (schema.type) {
    case 'string':
      checkString(schema, raw, path, faults)
      return raw
    case 'integer':
      if (!Number.isSafeInteger(raw) || Number(raw) < schema.minimum || Number(raw) > schema.maximum)
        faults.push(wanted(path, `an integer from ${schema.minimum} to ${schema.maximum}`, raw))
      return raw
    case 'boolean':
      if (typeof raw !== 'boolean') faults.push(wanted(path, 'true or false', raw))
      return raw
    case 'integer-or-string':
      if (typeof raw !== 'string' && !Number.isSafeInteger(raw))
        faults.push(wanted(path, 'an integer or a string', raw))
      return raw
    case 'array':
      return readArray(schema, raw, path, faults)
    case 'map':
      return readMap(schema, raw, path, faults)
    case 'object':
      return readObject(schema, raw, path, faults)
  }
}

type Node<T extends SchemaNode['type']> = Extract<SchemaNode, { readonly type: T }>

function checkString(schema: Node<'string'>, raw: unknown, path: string, faults: Fault[]): void {
  if (typeof raw !== 'string') {
    faults.push(wanted(path, schema.oneOf ? oneOf(schema.oneOf) : 'a string', raw))
    return
  }
  const { minLength = 0, maxLength, pattern, oneOf: choices } = schema
  const length = [...raw].length
  if (choices && !choices.includes(raw)) faults.push(wanted(path, oneOf(choices), raw))
  else if (length < minLength || length > maxLength)
    faults.push({ path, message: `expected ${minLength} to ${maxLength} characters, got ${length}` })
  else if (pattern !== undefined && !regExp(pattern).test(raw))
    faults.push(wanted(path, `text that matches ${pattern}`, raw))
}

function readArray(schema: Node<'array'>, raw: unknown, path: string, faults: Fault[]): unknown {
  if (!Array.isArray(raw)) {
    faults.push(wanted(path, 'a list', raw))
    return raw
  }
  const { minItems = 0, maxItems, mapKey } = schema
  if (raw.length < minItems || raw.length > maxItems)
    faults.push({ path, message: `expected ${minItems} to ${maxItems} items, got ${raw.length}` })
  const items = raw.map((item, i) => readNode(schema.items, item, `${path}[${i}]`, faults))
  if (mapKey !== undefined) checkDistinct(items, mapKey, path, faults)
  return items
}

function checkDistinct(items: readonly unknown[], key: string, path: string, faults: Fault[]): void {
  const seen = new Set<unknown>()
  for (const [i, item] of items.entries()) {
    const value = isRecord(item) ? item[key] : undefined
    if (seen.has(value)) faults.push({ path: `${path}[${i}].${key}`, message: `${show(value)} stands there twice` })
    seen.add(value)
  }
}

function readMap(schema: Node<'map'>, raw: unknown, path: string, faults: Fault[]): unknown {
  if (!isRecord(raw)) {
    faults.push(wanted(path, 'a map', raw))
    return raw
  }
  const entries = Object.entries(raw)
  if (entries.length > schema.maxProperties)
    faults.push({ path, message: `expected at most ${schema.maxProperties} entries, got ${entries.length}` })
  return Object.fromEntries(
    entries.map(([key, value]) => [key, readNode(schema.values, value, `${path}[${show(key)}]`, faults)]),
  )
}

function readObject(schema: Node<'object'>, raw: unknown, path: string, faults: Fault[]): unknown {
  if (!isRecord(raw)) {
    faults.push(wanted(path, 'an object', raw))
    return raw
  }
  const value: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(schema.fields)) {
    // A null counts as absent, as in the API server.
    const given = Object.hasOwn(raw, name) ? (raw[name] ?? field.default) : field.default
    const at = path === '' ? name : `${path}.${name}`
    if (given !== undefined) value[name] = readNode(field, given, at, faults)
    else if (field.required) faults.push({ path: at, message: 'is required' })
  }
  if (schema.lenient) return value
  for (const name of Object.keys(raw)) {
    if (Object.hasOwn(schema.fields, name)) continue
    const at = path === '' ? name : `${path}.${name}`
    const meant = closest(name, Object.keys(schema.fields))
    faults.push({ path: at, message: `no such field${meant === undefined ? '' : `; did you mean ${meant}?`}` })
  }
  return value
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wanted(path: string, expected: string, came: unknown): Fault {
  return { path, message: `expected ${expected}, got ${show(came)}` }
}

function oneOf(choices: readonly string[]): string {
  return `one of ${choices.join(', ')}`
}

const regExps = new Map<string, RegExp>()

function regExp(pattern: string): RegExp {
  const known = regExps.get(pattern)
  if (known !== undefined) return known
  const compiled = new RegExp(pattern)
  regExps.set(pattern, compiled)
  return compiled
}
