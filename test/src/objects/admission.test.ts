import { describe, expect, test } from 'vitest'
import { configurationKinds } from '../../../src/kinds/kinds.ts'
import type { SchemaNode } from '../../../src/kinds/schema.ts'
import { read } from '../../../src/objects/read.ts'
import { brokenRules } from '../../../src/objects/rules.ts'
import { verdict } from '../../fakes/objects.ts'
import { admissionCorpus } from './admission-corpus.ts'

describe('accepted is', () => {
  const accepted = admissionCorpus.filter(({ refused }) => refused === undefined)
  test.each(accepted.map((row) => [row.what, row] as const))('%s', (_, { object }) => {
    expect(verdict(object)).toEqual([])
  })
})

describe('refused is', () => {
  const refused = admissionCorpus.flatMap(({ what, object, refused }) => (refused ? [{ what, object, refused }] : []))
  test.each(refused.map((row) => [row.what, row] as const))('%s', (_, { object, refused }) => {
    const faults = verdict(object)
    expect(faults.map(({ path }) => path)).toEqual([refused.path])
    expect(faults[0]?.message).toContain(refused.message)
  })
})

test('every CEL rule of every kind is broken by an object of the corpus', () => {
  const broken = new Set(admissionCorpus.flatMap(({ refused }) => (refused?.by === 'rule' ? [refused.message] : [])))
  const messages = configurationKinds.flatMap((kind) => [
    ...('rules' in kind && kind.rules ? kind.rules : []).map(({ message }) => message),
    ...messagesOf(kind.spec),
  ])
  expect([...new Set(messages)].filter((message) => !broken.has(message))).toEqual([])
})

test('a rule that cannot be evaluated counts as broken', () => {
  const schema: SchemaNode = {
    type: 'string',
    description: '',
    maxLength: 9,
    rules: [{ rule: 'ip(self).family() == 4', message: 'must be IPv4' }],
  }
  expect(read(schema, 'x')).toEqual({ ok: true, value: 'x' })
  expect(brokenRules(schema, 'x', 'spec')).toEqual([{ path: 'spec', message: 'must be IPv4, got "x"' }])
})

function messagesOf(schema: SchemaNode): string[] {
  const below =
    schema.type === 'object'
      ? Object.values(schema.fields)
      : schema.type === 'array'
        ? [schema.items]
        : schema.type === 'map'
          ? [schema.values]
          : []
  return [...(schema.rules ?? []).map(({ message }) => message), ...below.flatMap(messagesOf)]
}
