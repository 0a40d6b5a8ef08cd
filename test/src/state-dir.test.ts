import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadState, saveState } from '../../src/state-dir.ts'
import { StateKeeper } from '../../src/state-keeper.ts'
import { FakeClock } from '../fakes/clock.ts'
import { desired } from '../fakes/desired.ts'
import { recordingLog } from '../fakes/log.ts'

let dir: string
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'routelet-state-')), 'nested')
})
afterEach(() => rm(join(dir, '..'), { recursive: true }))

describe('the kept state', () => {
  test('comes back as it was', async () => {
    await saveState(dir, { savedAt: 42, bootId: 'b', desired: desired() })
    expect(await loadState(dir)).toEqual({ savedAt: 42, bootId: 'b', desired: desired() })
  })

  test('is the newest, and leaves no other file behind', async () => {
    await saveState(dir, { savedAt: 1, bootId: 'b', desired: desired() })
    await saveState(dir, { savedAt: 2, bootId: 'b', desired: desired() })
    expect(await loadState(dir)).toMatchObject({ savedAt: 2 })
    expect(await readdir(dir)).toEqual(['last-apply.json'])
  })

  test('is for the eyes of its owner only, for it holds passwords', async () => {
    await saveState(dir, { savedAt: 1, bootId: 'b', desired: desired() })
    expect((await stat(join(dir, 'last-apply.json'))).mode & 0o777).toBe(0o600)
  })

  test('is nothing where nothing was kept', async () => {
    expect(await loadState(dir)).toBeUndefined()
  })

  test.each([
    ['cut off', '{"format":"routelet.io/state/v1","savedAt":1,"des', 'Unterminated string'],
    ['of another format', '{"format":"routelet.io/state/v0"}', 'wanted routelet.io/state/v1'],
    ['empty', '', 'Unexpected end'],
  ])('that is %s is not used', async (_, text, reason) => {
    await saveState(dir, { savedAt: 1, bootId: 'b', desired: desired() })
    await writeFile(join(dir, 'last-apply.json'), text)
    expect(await loadState(dir)).toEqual({ unreadable: expect.stringContaining(reason) })
  })
})

describe('the keeper of the state', () => {
  test('writes a burst of changes once, the newest', async () => {
    const clock = new FakeClock()
    const keeper = new StateKeeper({ clock, log: recordingLog() }, dir)
    keeper.keep(desired({ asn: 1 }))
    keeper.keep(desired({ asn: 2 }))
    expect(await loadState(dir)).toBeUndefined()
    await keeper.flush()
    expect(await loadState(dir)).toMatchObject({ desired: { speaker: { asn: 2 } } })
    expect(clock.pending).toBe(0)
  })

  test('says once that the directory cannot be written, and goes on', async () => {
    const log = recordingLog()
    await writeFile(dir, 'a file where the directory should be')
    const keeper = new StateKeeper({ clock: new FakeClock(), log }, dir)
    for (const asn of [1, 2]) {
      keeper.keep(desired({ asn }))
      await keeper.flush()
    }
    expect(log.lines).toEqual([
      expect.objectContaining({ level: 'warn', message: 'the state directory cannot be written' }),
    ])
  })
})
