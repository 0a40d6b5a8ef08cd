import { expect, test } from 'vitest'
import { address } from '../../../routing/ip/address.ts'
import { restingBefore, restingByPool } from '../../../src/controller/resting.ts'
import { Ledger } from '../../../src/ipam/ledger.ts'
import { claim, pools } from '../ipam/services.ts'

const NOW = Date.UTC(2030, 0, 1)
const of = pools({ a: { addresses: ['192.0.2.1-192.0.2.2'], reuseDelaySeconds: 60 } })
const entry = (resting: unknown) => ({
  kind: 'IPAddressPool',
  name: 'a',
  uid: 'a',
  generation: 1,
  resourceVersion: '1',
  problems: [],
  status: { resting },
})

test('an address that was given back rests on under the next leader, until it has rested', () => {
  const before = new Ledger()
  before.update([claim('s/gone')], of, NOW)
  before.update([], of, NOW + 1000)
  const left = restingByPool(before.resting, of)
  expect(left.get('a')).toEqual([{ address: '192.0.2.1', until: '2030-01-01T00:01:01Z' }])

  const next = new Ledger(restingBefore([entry(left.get('a'))], of, NOW + 2000))
  const has = (now: number) => next.update([claim('s/new'), claim('s/newer', { age: 1 })], of, now).decisions
  expect(has(NOW + 2000).map(({ addresses }) => addresses)).toEqual([['192.0.2.2'], []])
  expect(has(NOW + 61_000).map(({ addresses }) => addresses)).toEqual([['192.0.2.2'], ['192.0.2.1']])
})

test('none rests longer than its pool says, whatever the clock of the leader before; nonsense is left out', () => {
  const resting = [
    { address: '192.0.2.1', until: '2040-01-01T00:00:00Z' },
    { address: '192.0.2.2', until: '2029-12-31T23:59:59Z' },
    { address: 'x', until: '2030-01-01T00:00:30Z' },
    { address: '192.0.2.2', until: 'soon' },
    null,
  ]
  expect([...restingBefore([entry(resting)], of, NOW)]).toEqual([[address('192.0.2.1'), NOW + 60_000]])
  expect([...restingBefore([entry('nothing')], of, NOW)]).toEqual([])
})
