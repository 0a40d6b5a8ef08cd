import { describe, expect, test } from 'vitest'
import { documentsOf } from '../../../src/objects/documents.ts'

const raws = (text: string) => documentsOf(text, 'f.yaml').objects.map(({ raw }) => raw)

describe('a file holds', () => {
  test.each([
    ['one document', 'kind: A', [{ kind: 'A' }]],
    [
      'several documents, of which the empty ones do not count',
      '---\nkind: A\n---\n---\n# words\n---\nkind: B\n',
      [{ kind: 'A' }, { kind: 'B' }],
    ],
    ['JSON', '{"kind": "A"}', [{ kind: 'A' }]],
    ['a List, which counts as its items', 'kind: List\nitems: [{kind: A}, {kind: B}]', [{ kind: 'A' }, { kind: 'B' }]],
    ['a community that is text without quotes', 'value: 64512:100', [{ value: '64512:100' }]],
    ['nothing', '', []],
  ])('%s', (_, text, objects) => {
    expect(raws(text)).toEqual(objects)
  })
})

test('documents and items are numbered as a person would', () => {
  const { objects } = documentsOf('a: 1\n---\nkind: List\nitems: [{b: 1}, {c: 1}]', 'f.yaml')
  expect(objects.map(({ position }) => position)).toEqual(['document 1', 'document 2, item 1', 'document 2, item 2'])
})

describe('refused is', () => {
  test.each([
    ['text that is no YAML', 'a: [', 'not YAML: '],
    ['a key that stands there twice', 'a: 1\na: 2', /Map keys must be unique at line 2, column 1$/],
    ['an alias without anchor', 'a: *b', 'not YAML: '],
    ['aliases that multiply without end', bomb(), 'not YAML: Excessive alias count'],
  ])('%s', (_, text, message) => {
    const { objects, problems } = documentsOf(text, 'f.yaml')
    expect(objects).toEqual([])
    expect(problems).toEqual([
      { kind: 'Invalid', object: 'document 1', file: 'f.yaml', path: '', message: expect.stringMatching(message) },
    ])
  })
})

test('a bad document does not hide the good ones', () => {
  const { objects, problems } = documentsOf('a: 1\n---\nb: [\n---\nc: 1\n', 'f.yaml')
  expect(objects.map(({ raw }) => raw)).toEqual([{ a: 1 }, { c: 1 }])
  expect(problems).toHaveLength(1)
})

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  return lines.join('\n')
}
