import type { Rule, SchemaNode } from './schema.ts'

/** A structural schema, in the words of OpenAPI v3 and the extensions of Kubernetes. */
export interface OpenApi {
  readonly [word: string]: unknown
}

export function openApi(schema: SchemaNode): OpenApi {
  return {
    ...shape(schema),
    description: describe(schema),
    ...(schema.default !== undefined && { default: filled(schema) }),
    ...(schema.rules && { 'x-kubernetes-validations': schema.rules.map(validation) }),
  }
}

/** A default with the defaults inside it: the API server judges it by the rules before it would fill them in. */
function filled(schema: SchemaNode): unknown {
  if (schema.type !== 'object') return schema.default
  const fields = Object.entries(schema.fields).filter(([, field]) => field.default !== undefined)
  return Object.fromEntries(fields.map(([name, field]) => [name, filled(field)]))
}

/** Absence that stores no default says what it means in the description, where `kubectl explain` shows it. */
function describe({ description, whenAbsent }: SchemaNode): string {
  return whenAbsent === undefined ? description : `${description} Absent: ${whenAbsent}.`
}

function shape(schema: SchemaNode): OpenApi {
  switch (schema.type) {
    case 'string':
      return stringShape(schema)
    case 'integer': {
      const { minimum, maximum } = schema
      return { type: 'integer', format: maximum > 2_147_483_647 ? 'int64' : 'int32', minimum, maximum }
    }
    case 'boolean':
      return { type: 'boolean' }
    case 'integer-or-string':
      return { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }
    case 'array': {
      const { minItems, maxItems, mapKey } = schema
      const merge = mapKey === undefined ? { 'x-kubernetes-list-type': 'atomic' } : listMap(mapKey)
      return { type: 'array', items: openApi(schema.items), ...(minItems && { minItems }), maxItems, ...merge }
    }
    case 'map':
      return { type: 'object', additionalProperties: openApi(schema.values), maxProperties: schema.maxProperties }
    case 'object': {
      const required = Object.keys(schema.fields).filter((name) => schema.fields[name]?.required)
      const properties = Object.fromEntries(
        Object.entries(schema.fields).map(([name, field]) => [name, openApi(field)]),
      )
      return { type: 'object', ...(required.length > 0 && { required }), properties }
    }
  }
}

function stringShape(schema: Extract<SchemaNode, { readonly type: 'string' }>): OpenApi {
  const { minLength, maxLength, pattern, oneOf, format } = schema
  if (oneOf !== undefined) return { type: 'string', enum: oneOf }
  if (format !== undefined) return { type: 'string', format }
  return { type: 'string', ...(minLength && { minLength }), maxLength, ...(pattern !== undefined && { pattern }) }
}

function listMap(key: string): OpenApi {
  return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }
}

function validation({ rule, message, fieldPath }: Rule): OpenApi {
  return { rule, message, ...(fieldPath !== undefined && { fieldPath }) }
}
