import { describe, expect, test } from 'vitest'
import { array, boolean, integer, integerOrString, map, object, string } from '../../../src/kinds/schema.ts'
import { read } from '../../../src/objects/read.ts'

const schema = object(
  'A thing.',
  {
    name: string('Name.', { minLength: 2, maxLength: 4, pattern: '^[a-z]+$', required: true }),
    size: integer('Size.', { minimum: 1, maximum: 9, default: 3 }),
    colour: string('Colour.', { oneOf: ['red', 'blue'] }),
    on: boolean('On.', {}),
    mtu: integerOrString('MTU.', {}),
    tags: map('Tags.', string('Tag.', { maxLength: 3 }), { maxProperties: 2 }),
    parts: array('Parts.', object('Part.', { id: string('Id.', { maxLength: 3 }) }, {}), {
      maxItems: 2,
      mapKey: 'id',
      default: [],
    }),
    inner: object('Inner.', { depth: integer('Depth.', { minimum: 0, maximum: 9, default: 7 }) }, { default: {} }),
    outer: object('Outer.', { depth: integer('Depth.', { minimum: 0, maximum: 9, default: 7 }) }, {}),
  },
  {},
)

describe('a value that fits', () => {
  test.each([
    [
      'gets its defaults, and those of the objects that stand in by default',
      { name: 'ab' },
      { name: 'ab', size: 3, parts: [], inner: { depth: 7 } },
    ],
    [
      'gets the defaults inside objects that were given',
      { name: 'ab', outer: {} },
      expect.objectContaining({ outer: { depth: 7 } }),
    ],
    ['keeps what was given', { name: 'ab', size: 9 }, expect.objectContaining({ size: 9 })],
    [
      'counts a null as absent',
      { name: 'ab', size: null, colour: null },
      expect.not.objectContaining({ colour: null }),
    ],
    ['may be a number where a number or a string will do', { name: 'ab', mtu: 9 }, expect.objectContaining({ mtu: 9 })],
    ['may be a string there too', { name: 'ab', mtu: 'auto' }, expect.objectContaining({ mtu: 'auto' })],
  ])('%s', (_, raw, value) => {
    expect(read(schema, raw)).toEqual({ ok: true, value })
  })
})

describe('a value that does not fit is refused:', () => {
  test.each([
    ['no object', 7, '', 'expected an object, got 7'],
    ['a list for an object', [], '', 'expected an object, got []'],
    ['nothing where something is required', {}, 'name', 'is required'],
    ['text that is too short', { name: 'a' }, 'name', 'expected 2 to 4 characters, got 1'],
    ['text that is too long', { name: 'abcde' }, 'name', 'expected 2 to 4 characters, got 5'],
    ['text in the wrong form', { name: 'AB' }, 'name', 'expected text that matches ^[a-z]+$, got "AB"'],
    ['a number for text', { name: 12 }, 'name', 'expected a string, got 12'],
    ['a choice there is not', { name: 'ab', colour: 'green' }, 'colour', 'expected one of red, blue, got "green"'],
    ['text for a number', { name: 'ab', size: '3' }, 'size', 'expected an integer from 1 to 9, got "3"'],
    ['a number that is too large', { name: 'ab', size: 10 }, 'size', 'expected an integer from 1 to 9, got 10'],
    ['a fraction', { name: 'ab', size: 1.5 }, 'size', 'expected an integer from 1 to 9, got 1.5'],
    ['a word for a boolean', { name: 'ab', on: 'yes' }, 'on', 'expected true or false, got "yes"'],
    ['a boolean for a number or string', { name: 'ab', mtu: true }, 'mtu', 'expected an integer or a string, got true'],
    ['text for a list', { name: 'ab', parts: 'x' }, 'parts', 'expected a list, got "x"'],
    [
      'too many items',
      { name: 'ab', parts: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
      'parts',
      'expected 0 to 2 items, got 3',
    ],
    ['one key twice', { name: 'ab', parts: [{ id: 'a' }, { id: 'a' }] }, 'parts[1].id', '"a" stands there twice'],
    ['a list for a map', { name: 'ab', tags: [] }, 'tags', 'expected a map, got []'],
    ['too many entries', { name: 'ab', tags: { a: '', b: '', c: '' } }, 'tags', 'expected at most 2 entries, got 3'],
    ['a value of a map', { name: 'ab', tags: { a: 'long' } }, 'tags["a"]', 'expected 0 to 3 characters, got 4'],
    ['a field that does not exist', { name: 'ab', zzz: 1 }, 'zzz', 'no such field'],
    ['a field that is misspelt', { name: 'ab', color: 'red' }, 'color', 'no such field; did you mean colour?'],
    ['a field of a prototype', { name: 'ab', constructor: 1 }, 'constructor', 'no such field'],
  ])('%s', (_, raw, path, message) => {
    expect(read(schema, raw)).toEqual({ ok: false, faults: [{ path, message }] })
  })
})

test('all faults are named, not only the first', () => {
  const result = read(schema, { size: 0, colour: 7, outer: { depth: -1 } })
  expect(result.ok ? [] : result.faults.map(({ path }) => path)).toEqual(['name', 'size', 'colour', 'outer.depth'])
})

test('characters are counted, not UTF-16 units', () => {
  expect(read(string('Text.', { maxLength: 2 }), '😀😀').ok).toBe(true)
})

test('a lenient object drops what it does not know', () => {
  const lenient = object('Thing.', { name: string('Name.', { maxLength: 4 }) }, { lenient: true })
  expect(read(lenient, { name: 'ab', other: 1 })).toEqual({ ok: true, value: { name: 'ab' } })
})

test('long values are cut in messages', () => {
  const result = read(integer('Number.', { minimum: 0, maximum: 1 }), 'x'.repeat(500))
  expect(result.ok ? '' : result.faults[0]?.message.length).toBeLessThan(130)
})
