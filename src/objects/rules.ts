import type { Rule, SchemaNode } from '../kinds/schema.ts'
import { holds } from './cel.ts'
import { type Fault, isRecord } from './read.ts'
import { show } from './show.ts'

/** The CEL rules of a schema that a value breaks; the value has been read by that schema. */
export function brokenRules(schema: SchemaNode, value: unknown, path: string): Fault[] {
  const faults: Fault[] = []
  check(schema, value, path, faults)
  return faults
}

/** Checks what is below and then the value itself; returns it as CEL sees it: integers are not doubles. */
function check(schema: SchemaNode, value: unknown, path: string, faults: Fault[]): unknown {
  const self = checkBelow(schema, value, path, faults)
  for (const rule of schema.rules ?? []) {
    if (!holdsSafely(rule, self)) faults.push(broken(rule, value, path))
  }
  return self
}

function checkBelow(schema: SchemaNode, value: unknown, path: string, faults: Fault[]): unknown {
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return value
    case 'integer':
    case 'integer-or-string':
      return typeof value === 'number' ? BigInt(value) : value
    case 'array':
      if (!Array.isArray(value)) return value
      return value.map((item, i) => check(schema.items, item, `${path}[${i}]`, faults))
    case 'map':
      if (!isRecord(value)) return value
      return mapValues(value, (item, key) => check(schema.values, item, `${path}[${show(key)}]`, faults))
    case 'object':
      if (!isRecord(value)) return value
      return mapValues(value, (item, key) => {
        const field = schema.fields[key]
        return field === undefined ? item : check(field, item, path === '' ? key : `${path}.${key}`, faults)
      })
  }
}

function mapValues(record: Record<string, unknown>, change: (value: unknown, key: string) => unknown) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))
}

/** A rule that cannot be evaluated on a value (as `ip('x')`) counts as broken, as in the API server. */
function holdsSafely(rule: Rule, self: unknown): boolean {
  try {
    return holds(rule.rule, self)
  } catch {
    return false
  }
}

function broken(rule: Rule, value: unknown, path: string): Fault {
  const at = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '')
  const came = typeof value === 'object' ? '' : `, got ${show(value)}`
  return { path: at, message: `${rule.message}${came}` }
}
