import { describe, expect, test } from 'vitest'
import { anySelects, isEmptySelector, selects } from '../../../src/desired/selectors.ts'

const expression = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', ...values: string[]) => ({
  matchExpressions: [{ key: 'rack', operator, values }],
})

describe('a selector', () => {
  test.each([
    ['that is absent selects', undefined, {}, true],
    ['that is empty selects', {}, { rack: 'a' }, true],
    ['by label selects the value', { matchLabels: { rack: 'a' } }, { rack: 'a', row: '1' }, true],
    ['by label selects no other value', { matchLabels: { rack: 'a' } }, { rack: 'b' }, false],
    ['by two labels wants both', { matchLabels: { rack: 'a', row: '1' } }, { rack: 'a' }, false],
    ['In selects one of the values', expression('In', 'a', 'b'), { rack: 'b' }, true],
    ['In selects no other', expression('In', 'a', 'b'), { rack: 'c' }, false],
    ['In wants the label', expression('In', 'a'), {}, false],
    ['NotIn selects other values', expression('NotIn', 'a'), { rack: 'b' }, true],
    ['NotIn selects none of the values', expression('NotIn', 'a'), { rack: 'a' }, false],
    ['NotIn selects where there is no label', expression('NotIn', 'a'), {}, true],
    ['Exists wants the label', expression('Exists'), { rack: '' }, true],
    ['Exists does not do without', expression('Exists'), {}, false],
    ['DoesNotExist does without', expression('DoesNotExist'), {}, true],
    ['DoesNotExist does not want the label', expression('DoesNotExist'), { rack: '' }, false],
    [
      'with labels and expressions wants both',
      { matchLabels: { row: '1' }, ...expression('Exists') },
      { row: '1' },
      false,
    ],
    [
      'does not take the prototype for labels',
      { matchExpressions: [{ key: 'constructor', operator: 'Exists' as const }] },
      {},
      false,
    ],
  ])('%s', (_, selector, labels, selected) => {
    expect(selects(selector, labels)).toBe(selected)
  })

  test.each([
    ['no selectors select', [], true],
    ['one of several is enough', [{ matchLabels: { rack: 'z' } }, { matchLabels: { rack: 'a' } }], true],
    ['none of several is not', [{ matchLabels: { rack: 'z' } }], false],
  ])('in a list: %s', (_, selectors, selected) => {
    expect(anySelects(selectors, { rack: 'a' })).toBe(selected)
  })

  test('is empty without labels and expressions', () => {
    const empty = [undefined, {}, { matchLabels: {} }, { matchExpressions: [] }].map(isEmptySelector)
    expect([...empty, isEmptySelector({ matchLabels: { a: '' } })]).toEqual([true, true, true, true, false])
  })
})
