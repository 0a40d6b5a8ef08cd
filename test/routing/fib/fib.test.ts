import { beforeEach, describe, expect, test } from 'vitest'
import { fillBatch, settleBatch } from '../../../routing/fib/changes.ts'
import { Fib, type FibRules } from '../../../routing/fib/fib.ts'
import { Guard } from '../../../routing/fib/guard.ts'
import type { KernelRoute } from '../../../routing/fib/kernel-routes.ts'
import { NextHopWords } from '../../../routing/fib/next-hop-words.ts'
import { Observed } from '../../../routing/fib/observed.ts'
import { BATCH_ROUTES, Operation, RouteBatch } from '../../../routing/fib/route-batch.ts'
import { RowState } from '../../../routing/fib/route-rows.ts'
import { type Address, address } from '../../../routing/ip/address.ts'
import { formatPrefix, prefix, prefixWords } from '../../../routing/ip/prefix.ts'
import { emptyPrefix } from '../../../routing/ip/prefix-table.ts'
import { hops, words } from '../../contracts/kernel-routes.ts'
import { parseRoute } from '../../fakes/route-text.ts'

const LINK = 3
const EEXIST = 17
const ESRCH = 3
const EINVAL = 22

function rules(changes: Partial<FibRules> & { own?: string[] } = {}): FibRules {
  const { own = [], ...rest } = changes
  return {
    ownership: { table: 254, protocol: 179 },
    metric: 1024,
    maxPaths: 8,
    guard: new Guard({ ownPrefixes: own.map(prefix), protectedAddresses: [], localSubnets: [] }),
    resolve: (nextHop: Address) => ({ resolvable: true, cost: 0, interfaceIndex: LINK, gateway: nextHop }),
    ...rest,
  }
}

/** As the kernel tells a route; every link is number 3. */
function told(text: string): KernelRoute {
  const { nextHops, ...route } = parseRoute(text)
  const gateways = new NextHopWords()
  for (const { gateway } of nextHops) gateways.add(LINK, 1, gateway === undefined ? undefined : address(gateway))
  return { ...route, prefix: prefixWords(route.prefix), nextHops: gateways, strange: false, group: 0, replaces: false }
}

describe('the FIB', () => {
  let fib: Fib
  let observed: Observed
  const batch = new RouteBatch()

  beforeEach(() => {
    fib = new Fib(rules(), 1)
    fib.dropLeftovers()
    fib.revisit(Number.POSITIVE_INFINITY)
    observed = new Observed(fib)
  })

  const want = (text: string, nextHop = '192.0.2.2', metric?: number) =>
    fib.want(words(text), hops(nextHop), metric, false)

  /** The next batch, as `add 10.0.0.0/8 via 192.0.2.2 metric 1024`. */
  function next(): string[] {
    fillBatch(fib, batch)
    const names = { [Operation.Add]: 'add', [Operation.Replace]: 'replace', [Operation.Delete]: 'delete' }
    return Array.from({ length: batch.length }, (_, i) => {
      const to = batch.targets[i]?.nextHops[0]?.gateway
      const via = to === undefined ? '' : ` via ${to}`
      return `${names[batch.operation(i)]} ${formatPrefix(batch.readPrefix(i, emptyPrefix(4)))}${via} metric ${batch.metrics[i]}`
    })
  }

  function settle(errors: Readonly<Record<number, number>> = {}) {
    for (const [i, errno] of Object.entries(errors)) batch.errors[Number(i)] = errno
    return settleBatch(fib, batch)
  }

  const countsOf = () =>
    Object.fromEntries(Object.entries(RowState).map(([name, state]) => [name, fib.rows[4].counts[state]]))

  test('only the difference is sent, and only once', () => {
    want('10.0.0.0/8')
    want('10.0.0.0/8')
    expect(next()).toEqual(['add 10.0.0.0/8 via 192.0.2.2 metric 1024'])
    settle()
    want('10.0.0.0/8')
    expect(next()).toEqual([])
    want('10.0.0.0/8', '192.0.2.3')
    expect(next()).toEqual(['replace 10.0.0.0/8 via 192.0.2.3 metric 1024'])
    settle()
    fib.unwant(words('10.0.0.0/8'))
    expect(next()).toEqual(['delete 10.0.0.0/8 metric 1024'])
    settle()
    expect(next()).toEqual([])
    expect(fib.rows[4].table.size).toBe(0)
  })

  test('what comes to nothing before it is sent costs nothing', () => {
    want('10.0.0.0/8')
    fib.unwant(words('10.0.0.0/8'))
    expect(next()).toEqual([])
    expect(fib.rows[4].table.size).toBe(0)
    expect(fib.pending).toBe(0)
  })

  test('a change while the last one is under way is sent afterwards', () => {
    want('10.0.0.0/8')
    next()
    want('10.0.0.0/8', '192.0.2.3')
    expect(fib.pending).toBe(0)
    settle()
    expect(next()).toEqual(['replace 10.0.0.0/8 via 192.0.2.3 metric 1024'])
    fib.unwant(words('10.0.0.0/8'))
    want('10.1.0.0/16')
    settle()
    expect(next()).toEqual(['add 10.1.0.0/16 via 192.0.2.2 metric 1024', 'delete 10.0.0.0/8 metric 1024'])
  })

  test('a metric that changes: first the new route, then the old one goes', () => {
    want('10.0.0.0/8')
    next()
    settle()
    want('10.0.0.0/8', '192.0.2.2', 20)
    expect(next()).toEqual(['add 10.0.0.0/8 via 192.0.2.2 metric 20'])
    settle()
    expect(next()).toEqual(['delete 10.0.0.0/8 metric 1024'])
    expect(settle({ 0: ESRCH })).toEqual({ suspect: false, conflicts: 0, failed: 0 })
    expect(next()).toEqual([])
  })

  test('a surplus route that does not go asks for a look at the kernel', () => {
    observed.there(told('10.0.0.0/8 via 192.0.2.2 dev x proto 179 metric 5'))
    observed.there(told('10.0.0.0/8 via 192.0.2.2 dev x proto 179 metric 6'))
    const all = [...next()]
    expect(all).toHaveLength(1)
    expect(settle({ 0: EINVAL }).conflicts).toBe(1)
  })

  test('batches are of a bounded size', () => {
    for (let i = 0; i < BATCH_ROUTES + 1; i++)
      fib.want({ ...words('10.0.0.0/24'), w0: 0x0a000000 + i * 256 }, hops('192.0.2.2'), undefined, false)
    expect(next()).toHaveLength(BATCH_ROUTES)
    settle()
    expect(next()).toHaveLength(1)
  })

  test.each([
    ['a deletion of what is gone is done', ESRCH, 'delete', { None: 0, Leaving: 0 }],
    ['a refusal waits for a retry', EINVAL, 'add', { Failed: 1 }],
    ['a place that is taken too', EEXIST, 'add', { Failed: 1 }],
  ])('%s', (_, errno, operation, counts) => {
    want('10.0.0.0/8')
    if (operation === 'delete') {
      next()
      settle()
      fib.unwant(words('10.0.0.0/8'))
    }
    next()
    const settled = settle({ 0: errno })
    expect(settled.conflicts).toBe(errno === EEXIST ? 1 : 0)
    expect(countsOf()).toMatchObject(counts)
    expect(next()).toEqual([])
    fib.retryFailed()
    fib.revisit(Number.POSITIVE_INFINITY)
    expect(next()).toHaveLength(operation === 'add' ? 1 : 0)
  })

  test('a replacement of what is gone becomes an addition', () => {
    want('10.0.0.0/8')
    next()
    settle()
    want('10.0.0.0/8', '192.0.2.3')
    next()
    settle({ 0: ESRCH })
    expect(next()).toEqual(['add 10.0.0.0/8 via 192.0.2.3 metric 1024'])
  })

  test('news about a route whose change is under way leave a doubt', () => {
    want('10.0.0.0/8')
    next()
    observed.gone(told('10.0.0.0/8 via 192.0.2.2 dev x proto 179 metric 1024'))
    expect(settle()).toMatchObject({ suspect: true })
    want('10.1.0.0/16')
    next()
    observed.there(told('blackhole 10.1.0.0/16 proto 179 metric 1024'))
    expect(settle()).toMatchObject({ suspect: true })
  })

  test('what is blocked is free again with another metric', () => {
    observed.there(told('10.0.0.0/8 via 192.0.2.9 dev x proto 4 metric 1024'))
    want('10.0.0.0/8')
    expect(next()).toEqual([])
    expect(countsOf()).toMatchObject({ Refused: 1 })
    want('10.0.0.0/8', '192.0.2.2', 20)
    expect(next()).toEqual(['add 10.0.0.0/8 via 192.0.2.2 metric 20'])
  })

  test('another’s route beside ours changes nothing', () => {
    want('10.0.0.0/8')
    next()
    settle()
    observed.there(told('10.0.0.0/8 via 192.0.2.9 dev x proto 4 metric 1024'))
    expect(countsOf()).toMatchObject({ Installed: 1 })
  })

  test('what a dump does not show is sent again, in slices, even when the rules change meanwhile', () => {
    const texts = ['10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16']
    for (const each of texts) want(each)
    next()
    settle()
    observed.beginDump()
    observed.there(told('10.1.0.0/16 via 192.0.2.2 dev x proto 179 metric 1024'))
    observed.endDump()
    expect(fib.revisit(1)).toBe(true)
    // Starts the pass anew; that rows unseen are gone must not be forgotten.
    fib.setRules(rules({ own: ['172.16.0.0/12'] }))
    while (fib.revisit(1));
    expect(next().toSorted()).toEqual(
      ['10.0.0.0/8', '10.2.0.0/16', '10.3.0.0/16'].map((each) => `add ${each} via 192.0.2.2 metric 1024`),
    )
  })

  test('leftovers stay until told otherwise', () => {
    fib = new Fib(rules(), 1)
    observed = new Observed(fib)
    observed.there(told('10.0.0.0/8 via 192.0.2.9 dev x proto 179 metric 1024'))
    observed.there(told('10.1.0.0/16 via 192.0.2.2 dev x proto 179 metric 1024'))
    want('10.1.0.0/16')
    expect(countsOf()).toMatchObject({ Leftover: 1, Installed: 1 })
    expect(next()).toEqual([])
    fib.dropLeftovers()
    fib.revisit(Number.POSITIVE_INFINITY)
    expect(next()).toEqual(['delete 10.0.0.0/8 metric 1024'])
  })

  test('a route that was wanted is no leftover', () => {
    fib = new Fib(rules(), 1)
    observed = new Observed(fib)
    observed.there(told('10.0.0.0/8 via 192.0.2.2 dev x proto 179 metric 1024'))
    want('10.0.0.0/8')
    fib.unwant(words('10.0.0.0/8'))
    expect(next()).toEqual(['delete 10.0.0.0/8 metric 1024'])
  })

  test('a route with strange attributes is put right', () => {
    observed.there({ ...told('10.0.0.0/8 via 192.0.2.2 dev x proto 179 metric 1024'), strange: true })
    want('10.0.0.0/8')
    expect(next()).toEqual(['replace 10.0.0.0/8 via 192.0.2.2 metric 1024'])
  })

  test('a batch whose outcome is lost changes nothing that is known', () => {
    want('10.0.0.0/8')
    next()
    batch.lost = true
    expect(settle()).toEqual({ suspect: true, conflicts: 0, failed: 0 })
    expect(countsOf()).toMatchObject({ Pending: 1 })
    expect(next()).toHaveLength(1)
  })

  test('numbers of next hops nobody wants any more are used again', () => {
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 3_000; i++) {
        want('10.0.0.0/8', `192.${round}.${i >> 8}.${i & 255}`)
        next()
        settle()
        fib.sweep()
      }
    }
    expect(fib.intents.end + fib.targets.end).toBeLessThan(15_000)
    expect(fib.targets.get(fib.rows[4].actual[fib.rows[4].find(words('10.0.0.0/8'))]!)?.nextHops[0]?.gateway).toBe(
      '192.4.11.183',
    )
  })

  test('a blackhole of ours beats what is learned for its prefix', () => {
    want('10.1.0.0/24')
    next()
    settle()
    fib.setBlackholes([prefix('10.1.0.0/24')])
    expect(next()).toEqual(['replace 10.1.0.0/24 metric 1024'])
    settle()
    want('10.1.0.0/24', '192.0.2.3')
    expect(next()).toEqual([])
    fib.setBlackholes([])
    expect(next()).toEqual(['replace 10.1.0.0/24 via 192.0.2.3 metric 1024'])
  })
})
