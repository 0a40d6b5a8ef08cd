import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importsOf, readSources, type SourceFile } from './support/architecture.ts'
import { brokenRules, PACKAGE_HOMES } from './support/rules.ts'

const ROOT = join(import.meta.dirname, '..')

test('the sources keep the rules of the house', () => {
  expect(brokenRules(readSources(ROOT, ['bgp', 'routing', 'src']))).toEqual([])
})

test('every dependency has a home, and is used', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object }
  const used = new Set(
    readSources(ROOT, ['bgp', 'routing', 'src']).flatMap((file) => importsOf(file).map(({ target }) => target)),
  )
  expect(Object.keys(dependencies).filter((name) => !used.has(name) || !(name in PACKAGE_HOMES))).toEqual([])
})

/** Sources as the rules get them: path and text, alternating. */
const tree = (...parts: string[]): SourceFile[] =>
  parts.flatMap((path, i) => (i % 2 === 0 ? [{ path, text: parts[i + 1] ?? '' }] : []))
const lines = (count: number) => 'let x\n'.repeat(count)

describe('the rules notice', () => {
  test.each([
    [
      'bgp/ importing src/',
      tree('bgp/a.ts', "import { b } from '../src/b.ts'"),
      'bgp/a.ts: bgp/ may not import src/b.ts',
    ],
    ['… its types only', tree('bgp/a.ts', "import type { B } from '../src/b.ts'"), 'may not import src/b.ts'],
    [
      '… by a multi-line import',
      tree('bgp/a.ts', "import {\n  b,\n} from '../routing/fib/b.ts'"),
      'may not import routing/fib/b.ts',
    ],
    ['… by exporting it on', tree('bgp/a.ts', "export { b } from '../src/b.ts'"), 'may not import src/b.ts'],
    ['… by a lazy import', tree('bgp/a.ts', "const b = await import('../src/b.ts')"), 'may not import src/b.ts'],
    ['bgp/ opening sockets', tree('bgp/a.ts', "import net from 'node:net'"), 'may not import node:net'],
    ['routing/ importing bgp/', tree('routing/a.ts', "import { b } from '../bgp/b.ts'"), 'may not import bgp/b.ts'],
    [
      'a package away from home',
      tree('src/a.ts', "import pino from 'pino'"),
      'only src/telemetry/ may import the package pino',
    ],
    [
      '… a scoped one',
      tree('src/a.ts', "import { V1Pod } from '@kubernetes/client-node'"),
      'only src/kube/ may import',
    ],
    ['a package without a home', tree('src/a.ts', "import x from 'left-pad/x'"), 'the package left-pad has no home'],
    ['a pure file that waits', tree('src/desired/a.ts', 'export async function a() {}'), 'is pure, yet says async'],
    ['a pure file that looks at the time', tree('bgp/rib/a.ts', 'const now = Date.now()'), 'is pure, yet says Date'],
    ['a pure file that rolls dice', tree('bgp/wire/a.ts', 'const x = Math.random()'), 'is pure, yet says Math.random'],
    ['a pure file that logs', tree('src/join/a.ts', 'ports.log.info({}, "x")'), 'is pure, yet says log.info('],
    [
      'a pure file near the edge',
      tree('src/join/a.ts', "import { c } from '../platform/clock.ts'"),
      'a pure file may not import',
    ],
    ['a clock that is not given', tree('bgp/speaker.ts', 'setTimeout(x, 1)'), 'asks for the time by setTimeout'],
    ['a long file', tree('src/a.ts', lines(301)), 'src/a.ts: has 301 lines'],
    ['a long function', tree('src/a.ts', `export function long(\n  a: A,\n) {\n${lines(70)}}\n`), 'long has 74 lines'],
    ['a long method', tree('src/a.ts', `class A {\n  #long(): void {\n${lines(70)}  }\n}\n`), '#long has 72 lines'],
    [
      '… of an object literal',
      tree('src/a.ts', `const a = {\n  long(): void {\n${lines(70)}  },\n}\n`),
      'long has 72 lines',
    ],
    [
      'a circle',
      tree('src/a.ts', "import './b.ts'", 'src/b.ts', "import type { A } from './a.ts'"),
      'src/a.ts → src/b.ts → src/a.ts',
    ],
  ])('%s', (_, files, complaint) => {
    expect(brokenRules(files)).toEqual([expect.stringContaining(complaint)])
  })

  test.each([
    ['what bgp/ and routing/ share', tree('bgp/a.ts', "import { b } from '../routing/ip/b.ts'")],
    ['a package at home', tree('src/telemetry/log.ts', "import pino from 'pino'")],
    ['the words of a rule in a comment or a string', tree('bgp/rib/a.ts', "// no Date.now()\nconst a = 'async'")],
    ['the one file of the sessions that acts', tree('bgp/peer/leg.ts', 'this.#ports.log.info({}, "x")')],
    [
      'a circle that closes at run time only',
      tree('src/a.ts', "await import('./b.ts')", 'src/b.ts', "import './a.ts'"),
    ],
    ['a file of the longest length', tree('src/a.ts', lines(300))],
    ['a long table', tree('bgp/wire/iana.ts', lines(900))],
  ])('… and let pass %s', (_, files) => {
    expect(brokenRules(files)).toEqual([])
  })
})
