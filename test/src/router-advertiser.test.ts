import { expect, test } from 'vitest'
import { RouterAdvertiser } from '../../src/router-advertiser.ts'
import { FakeClock } from '../fakes/clock.ts'
import { recordingLog } from '../fakes/log.ts'

function stage() {
  const clock = new FakeClock()
  const log = recordingLog()
  const sent: string[] = []
  const missing = new Set<string>()
  const advertiser = new RouterAdvertiser({
    clock,
    log,
    send(name) {
      if (missing.has(name)) throw new Error('no such link')
      sent.push(name)
    },
  })
  return { clock, log, sent, missing, advertiser }
}

test('a link is told at once and every ten seconds, until it is no longer wanted', () => {
  const { clock, sent, advertiser } = stage()
  advertiser.advertiseOn(['eth1', 'eth2'])
  clock.advance(10_000)
  expect(sent).toEqual(['eth1', 'eth2', 'eth1', 'eth2'])
  advertiser.advertiseOn(['eth2'])
  clock.advance(10_000)
  expect(sent.slice(4)).toEqual(['eth2'])
  advertiser.advertiseOn([])
  clock.advance(60_000)
  expect(sent).toHaveLength(5)
})

test('a link that is not there is tried every second, complained of once, and told as soon as it is there', () => {
  const { clock, log, sent, missing, advertiser } = stage()
  missing.add('eth1')
  advertiser.advertiseOn(['eth1'])
  clock.advance(5_000)
  expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
  missing.clear()
  clock.advance(1_000)
  expect(sent).toEqual(['eth1'])
})
