import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SCENARIOS, type Scenario } from './scenarios.ts'

export const CONFORMANCE_PAGE = join(import.meta.dirname, '../../docs/conformance.md')

/** The page that shows which test plays which situation. */
export function conformancePage(): string {
  const areas = [...new Set(SCENARIOS.map(({ area }) => area))]
  const covered = SCENARIOS.filter(({ tests }) => tests.length > 0).length
  return `# Conformance

Sixty situations in which BGP speakers are tried, after the suites of FRR, BIRD, GoBGP, ExaBGP and others, and the tests
of routelet that play them: ${covered} are played. Made from \`test/support/scenarios.ts\` by \`npm run generate\`; a test fails when a
title named there is not in its file.

${areas
  .map((area) =>
    section(
      area,
      SCENARIOS.filter((each) => each.area === area),
    ),
  )
  .join('\n')}`
}

function section(area: string, scenarios: readonly Scenario[]): string {
  const rows = scenarios.map(
    ({ number, what, tests, open }) => `| ${number} | ${what} | ${tests.map(shown).join('<br>')} | ${open ?? ''} |`,
  )
  return `## ${area}

| | Situation | Played by | Open |
|--:|---|---|---|
${rows.join('\n')}
`
}

function shown(test: string): string {
  const [file = '', title = ''] = splitTest(test)
  return `[${title.replace(/\|/g, '\\|').replace(/([[\]])/g, '\\$1')}](../${file})`
}

/** File and title. */
export function splitTest(test: string): [string, string] {
  const at = test.indexOf(': ')
  return [test.slice(0, at), test.slice(at + 2)]
}

if (import.meta.filename === process.argv[1]) writeFileSync(CONFORMANCE_PAGE, conformancePage())
