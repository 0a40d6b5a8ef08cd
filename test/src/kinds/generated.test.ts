import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generated } from '../../../src/kinds/generate.ts'
import { configurationKinds, kinds } from '../../../src/kinds/kinds.ts'
import type { SchemaNode } from '../../../src/kinds/schema.ts'

const root = join(import.meta.dirname, '../../..')

describe('generated from the schema, and not edited since, is', () => {
  test.each([...generated()])('%s', (path, content) => {
    expect(readFileSync(join(root, path), 'utf8'), 'run: npm run generate').toBe(content)
  })

  test('every file in manifests/crds/', () => {
    const files = readdirSync(join(root, 'manifests/crds')).map((name) => `manifests/crds/${name}`)
    expect(files.filter((file) => !generated().has(file))).toEqual([])
  })
})

describe('every field of', () => {
  const all = kinds.map((kind) => [kind.kind, fieldsOf(kind.spec ?? kind.status, '')] as const)

  test.each(all)('%s has a description that ends as a sentence', (_, fields) => {
    expect(fields.filter(({ node }) => !node.description.endsWith('.')).map(({ path }) => path)).toEqual([])
  })

  test.each(all)('%s that the API server may leave out of an object is bounded', (_, fields) => {
    // Without bounds the cost of the CEL rules has none either.
    const unbounded = fields.filter(({ node }) => JSON.stringify(node).includes('"maximum":null'))
    expect(unbounded.map(({ path }) => path)).toEqual([])
  })
})

describe('every optional field of', () => {
  test.each(configurationKinds.map((kind) => [kind.kind, fieldsOf(kind.spec, '')] as const))(
    '%s stores a default, says what its absence means, or is simply not there',
    (_, fields) => {
      const both = fields.filter(({ node }) => node.default !== undefined && node.required)
      expect(both.map(({ path }) => path)).toEqual([])
    },
  )
})

test('names of kinds are used once', () => {
  const names = kinds.flatMap(({ plural, shortNames, kind }) => [plural, kind.toLowerCase(), ...shortNames])
  expect(names).toEqual([...new Set(names)])
})

interface Field {
  readonly path: string
  readonly node: SchemaNode
}

function fieldsOf(node: SchemaNode, path: string): Field[] {
  const here = { path, node }
  if (node.type === 'array') return [here, ...fieldsOf(node.items, `${path}[]`)]
  if (node.type === 'map') return [here, ...fieldsOf(node.values, `${path}[]`)]
  if (node.type !== 'object') return [here]
  return [here, ...Object.entries(node.fields).flatMap(([name, field]) => fieldsOf(field, `${path}.${name}`))]
}
