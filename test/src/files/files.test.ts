import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/contract.ts'
import { loadFiles } from '../../../src/files/load.ts'
import { fileSource, problemLine } from '../../../src/files/source.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import type { Source, SourceState } from '../../../src/source.ts'
import { eventually } from '../../eventually.ts'
import { config, peer } from '../../fakes/objects.ts'

let dir: string
let sources: Source[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'routelet-files-'))
  sources = []
})
afterEach(() => {
  for (const source of sources) source.stop()
  rmSync(dir, { recursive: true })
})

const at = (name: string) => join(dir, name)
const write = (name: string, ...objects: object[]) =>
  writeFileSync(at(name), objects.map((object) => JSON.stringify(object)).join('\n---\n'))

describe('loaded is', () => {
  const names = async (path: string) => (await loadFiles(path)).objects.map(({ metadata }) => metadata.name)

  test('a single file', async () => {
    write('all.yaml', config(), peer('tor-1'))
    expect(await names(at('all.yaml'))).toEqual(['default', 'tor-1'])
  })

  test('every YAML and JSON file of a directory, in the order of their names', async () => {
    write('b.yml', peer('tor-2'))
    write('a.json', peer('tor-1'))
    write('c.yaml', config())
    write('notes.txt', { kind: 'words' })
    write('.hidden.yaml', peer('tor-3'))
    write('kustomization.yaml', { kind: 'Kustomization' })
    expect(await names(dir)).toEqual(['tor-1', 'tor-2', 'default'])
  })
})

test('the examples are what this version does', async () => {
  const { problems } = await loadFiles(join(import.meta.dirname, '../../../manifests/examples'))
  expect(problems).toEqual([])
})

describe('a problem is', () => {
  const lines = async (path: string) =>
    (await loadFiles(path)).problems.map((problem) => problemLine(problem).replaceAll(dir, ''))

  test('a path that does not exist', async () => {
    expect(await lines(at('nothing'))).toEqual([expect.stringContaining('/nothing: cannot be read: ENOENT')])
  })

  test('a directory without files', async () => {
    expect(await lines(dir)).toEqual([': no .yaml, .yml or .json file in this directory'])
  })

  test('a directory without RoutingConfig', async () => {
    write('a.yaml', peer('tor-1'))
    expect(await lines(dir)).toEqual([': RoutingConfig default: there is none, and one is needed'])
  })

  test('every fault of every object in every file', async () => {
    write('a.yaml', config({ asn: 0 }), peer('tor-1', { prot: 1 }))
    writeFileSync(at('b.yaml'), 'a: [')
    expect(await lines(dir)).toEqual([
      '/a.yaml: RoutingConfig default: spec.asn: expected an integer from 1 to 4294967295, got 0',
      '/a.yaml: BGPPeer tor-1: spec.prot: no such field; did you mean port?',
      expect.stringMatching(/^\/b.yaml: document 1: not YAML: /),
    ])
  })

  test('an object that is there twice', async () => {
    write('a.yaml', config(), peer('tor-1'))
    write('b.yaml', peer('tor-1'))
    expect(await lines(dir)).toEqual(['/b.yaml: BGPPeer tor-1: is already in /a.yaml'])
  })
})

interface Heard {
  readonly states: { names: string[]; problems: readonly Problem[] }[]
  readonly failures: string[]
}

function follow(path: string): Heard {
  const heard: Heard = { states: [], failures: [] }
  const source = fileSource(path, systemClock, {
    changed: ({ objects, problems }: SourceState) =>
      heard.states.push({ names: [...objects].map(({ metadata }) => metadata.name), problems }),
    health: () => {},
    failed: (message) => heard.failures.push(message),
  })
  sources.push(source)
  return heard
}

const last = (heard: Heard) => heard.states.at(-1)
const hears = (heard: Heard, ...names: string[]) =>
  eventually(`${names} are known`, () => last(heard)?.names.join() === names.join())

describe('followed is', () => {
  test('a file that is written anew', async () => {
    write('all.yaml', config())
    const heard = follow(at('all.yaml'))
    await hears(heard, 'default')
    write('all.yaml', config(), peer('tor-1'))
    await hears(heard, 'default', 'tor-1')
  })

  test('a file that another is renamed onto, more than once', async () => {
    write('all.yaml', config())
    const heard = follow(at('all.yaml'))
    await hears(heard, 'default')
    for (const name of ['tor-1', 'tor-2']) {
      write('next', config(), peer(name))
      renameSync(at('next'), at('all.yaml'))
      await hears(heard, 'default', name)
    }
  })

  test('a directory that a file comes into and goes from', async () => {
    write('a.yaml', config())
    const heard = follow(dir)
    await hears(heard, 'default')
    write('b.yaml', peer('tor-1'))
    await hears(heard, 'default', 'tor-1')
    unlinkSync(at('b.yaml'))
    await hears(heard, 'default')
  })

  test('a mounted ConfigMap, whose files change by the swap of a link', async () => {
    const revision = (name: string, ...objects: object[]) => {
      mkdirSync(at(name))
      write(join(name, 'all.yaml'), ...objects)
      symlinkSync(name, at('..data_tmp'))
      renameSync(at('..data_tmp'), at('..data'))
    }
    revision('..2030_1', config())
    symlinkSync(join('..data', 'all.yaml'), at('all.yaml'))
    const heard = follow(dir)
    await hears(heard, 'default')
    revision('..2030_2', config(), peer('tor-1'))
    await hears(heard, 'default', 'tor-1')
  })

  test('a directory that goes away and comes back', async () => {
    mkdirSync(at('conf'))
    write('conf/a.yaml', config())
    const heard = follow(at('conf'))
    await hears(heard, 'default')
    renameSync(at('conf'), at('gone'))
    await eventually('the loss shows', () => last(heard)?.problems.length === 1)
    expect(last(heard)?.names).toEqual(['default'])
    renameSync(at('gone'), at('conf'))
    await eventually('it is back', () => last(heard)?.problems.length === 0, 10_000)
  })
})

test('a bad start is told with every problem, and nothing is known', async () => {
  write('a.yaml', config({ asn: 0 }), peer('tor-1', { peerASN: 0 }))
  const heard = follow(dir)
  await eventually('it fails', () => heard.failures.length > 0)
  expect(heard.failures[0]?.split('\n')).toHaveLength(2)
  expect(heard.states).toEqual([])
})

test('a bad change leaves in force what was read before, and is told; mending it ends that', async () => {
  write('a.yaml', config(), peer('tor-1'))
  const heard = follow(dir)
  await hears(heard, 'default', 'tor-1')
  write('a.yaml', config(), peer('tor-1', { peerASN: 0 }), peer('tor-2'))
  await eventually('the problem is told', () => last(heard)?.problems.length === 1)
  expect(last(heard)?.names).toEqual(['default', 'tor-1'])
  expect(last(heard)?.problems[0]).toMatchObject({ object: 'BGPPeer tor-1', file: at('a.yaml'), path: 'spec.peerASN' })
  write('a.yaml', config(), peer('tor-2'))
  await hears(heard, 'default', 'tor-2')
  expect(last(heard)?.problems).toEqual([])
  writeFileSync(at('a.yaml'), 'a: [')
  await eventually('the next problem is told', () => last(heard)?.problems.length === 1)
  expect(last(heard)?.names).toEqual(['default', 'tor-2'])
  expect(heard.failures).toEqual([])
})
