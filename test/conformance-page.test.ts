import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CONFORMANCE_PAGE, conformancePage, splitTest } from './support/conformance.ts'
import { SCENARIOS } from './support/scenarios.ts'

test('the page is what the table says (npm run generate)', () => {
  expect(readFileSync(CONFORMANCE_PAGE, 'utf8')).toBe(conformancePage())
})

test('there are sixty, each once, and one that nothing plays says why', () => {
  expect(SCENARIOS.map(({ number }) => number)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
  for (const { number, tests, open } of SCENARIOS)
    if (tests.length === 0) expect(open, `scenario ${number}`).toBeTruthy()
})

test.each([...new Set(SCENARIOS.flatMap(({ tests }) => tests))])('%s', (named) => {
  const [file, title] = splitTest(named)
  expect(readFileSync(join(import.meta.dirname, '..', file), 'utf8')).toContain(title)
})
