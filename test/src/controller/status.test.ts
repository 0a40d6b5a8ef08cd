import { describe, expect, test } from 'vitest'
import { address } from '../../../routing/ip/address.ts'
import { invalidCondition, poolCondition, poolUsage } from '../../../src/controller/pool-status.ts'
import { releaseChange, SERVICE_CONDITION, serviceChange } from '../../../src/controller/service-status.ts'
import type { Decision } from '../../../src/ipam/allocate.ts'
import type { Condition } from '../../../src/kinds/common.ts'
import { parseObject } from '../../../src/objects/parse.ts'
import { ours } from '../../fakes/objects.ts'
import { claim, pools, serviceObject } from '../ipam/services.ts'

const NOW = Date.UTC(2030, 0, 1)
const had: Condition = {
  type: SERVICE_CONDITION,
  status: 'True',
  reason: 'Allocated',
  message: 'has 192.0.2.1',
  lastTransitionTime: '2029-01-01T00:00:00Z',
}

const failing: Condition = { ...had, status: 'False', reason: 'AddressInUse' }

function entry(condition?: Condition) {
  return { uid: 'shop/web', resourceVersion: '7', ...(condition && { condition }) }
}

function change(ingress: readonly object[], decision: Partial<Decision>, before?: Condition) {
  const service = {
    ...serviceObject('shop/web', {}),
    status: { loadBalancer: { ingress: ingress as { ip: string }[] } },
  }
  const whole = { claim: claim('shop/web'), addresses: [], reason: 'Allocated' as const, message: '', ...decision }
  return serviceChange(whole, { entry: entry(before), service }, NOW)
}

describe('the status of a Service', () => {
  test('is written with the address, once', () => {
    const addresses = [address('192.0.2.1')]
    expect(change([], { addresses })).toMatchObject({
      patch: {
        metadata: { uid: 'shop/web', resourceVersion: '7' },
        status: {
          loadBalancer: { ingress: [{ ip: '192.0.2.1' }] },
          conditions: [{ ...had, lastTransitionTime: '2030-01-01T00:00:00Z' }],
        },
      },
      events: [{ type: 'Normal', reason: 'AddressAllocated', message: 'got 192.0.2.1' }],
    })
    expect(change([{ ip: '192.0.2.1', ipMode: 'Proxy' }], { addresses }, had)).toBeUndefined()
  })

  test('keeps the ipMode of an address that stays', () => {
    const addresses = [address('192.0.2.1'), address('2001:db8::1')]
    expect(change([{ ip: '192.0.2.1', ipMode: 'Proxy' }], { addresses }, failing)).toMatchObject({
      patch: { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'Proxy' }, { ip: '2001:db8::1' }] } } },
    })
  })

  test('says why there is no address, with one Event, and leaves the ingress alone', () => {
    const failed = { reason: 'PoolExhausted', message: 'no address is free' } as const
    const first = change([], failed)
    expect(first?.patch).toEqual({
      metadata: { uid: 'shop/web', resourceVersion: '7' },
      status: { conditions: [expect.objectContaining({ status: 'False', ...failed })] },
    })
    expect(first?.events).toMatchObject([{ type: 'Warning', ...failed }])
    expect(change([], failed, { ...had, status: 'False', ...failed })).toBeUndefined()
  })

  test('says when an address was taken for another one', () => {
    expect(change([{ ip: '192.0.2.9' }], { addresses: [address('192.0.2.1')] }, failing)?.events).toMatchObject([
      { reason: 'AddressReallocated', message: 'has 192.0.2.1 instead of 192.0.2.9' },
    ])
  })

  test('of one that has what it asks for says first that this changes', () => {
    expect(change([{ ip: '192.0.2.9' }], { addresses: [address('192.0.2.1')] }, had)).toEqual({
      patch: {
        metadata: { uid: 'shop/web', resourceVersion: '7' },
        status: { conditions: [expect.objectContaining({ status: 'Unknown', reason: 'Pending' })] },
      },
      events: [],
    })
  })
})

describe('a Service that is not ours any more', () => {
  const release = (ingress: readonly string[], condition?: Condition) => {
    const service = serviceObject('shop/web', { class: 'example.com/lb', has: ingress })
    return releaseChange({ entry: entry(condition), service }, pools({ a: ['192.0.2.0/24'] }))
  }

  test('loses what we gave it, and our condition; what another one gave stays', () => {
    expect(release(['192.0.2.1', '203.0.113.1'], had)).toMatchObject({
      patch: {
        metadata: { uid: 'shop/web', resourceVersion: '7' },
        status: {
          loadBalancer: { ingress: [{ ip: '203.0.113.1' }] },
          conditions: [{ type: SERVICE_CONDITION, $patch: 'delete' }],
        },
      },
      events: [{ type: 'Normal', reason: 'AddressReleased', message: 'gave back 192.0.2.1' }],
    })
    expect(release(['203.0.113.1'], had)?.patch).not.toHaveProperty('status.loadBalancer')
  })

  test('is left alone where we never gave it anything', () => {
    expect(release(['192.0.2.1'])).toBeUndefined()
  })
})

describe('the status of a pool', () => {
  test('counts per family; what overlaps inside of it counts once, and large ones are cut', () => {
    const of = pools({ a: ['192.0.2.0/30', '192.0.2.2-192.0.2.5', '2001:db8::/64'], b: ['198.51.100.1/32'] })
    const taken = ['192.0.2.1', '198.51.100.1', '203.0.113.1'].map((text) => address(text))
    const usage = poolUsage(of, taken)
    const many = Number.MAX_SAFE_INTEGER
    expect(usage.map(({ families }) => families)).toEqual([
      { 4: { total: 6, assigned: 1, free: 5 }, 6: { total: many, assigned: 0, free: many } },
      { 4: { total: 1, assigned: 1, free: 0 } },
    ])
    expect(usage.map((one) => poolCondition(one))).toMatchObject([
      { status: 'True', reason: 'AddressesFree' },
      { status: 'False', reason: 'Exhausted', message: 'no IPv4 address is free' },
    ])
  })

  test('names the older pool that it overlaps', () => {
    const [, young] = poolUsage(pools({ old: ['192.0.2.0/24'], young: ['192.0.2.7/32'] }), [])
    expect(poolCondition(young!)).toMatchObject({ status: 'False', reason: 'Overlap' })
    expect(poolCondition(young!).message).toContain('IPAddressPool old')
  })

  test.each([
    [false, 'it gives out nothing'],
    [true, 'what it said before stays in force'],
  ])('says what is wrong with one that has faults, and had none before: %s', (hadNone, consequence) => {
    const object = ours('IPAddressPool', 'a', { addresses: ['192.0.2.9-192.0.2.1'] })
    const read = parseObject(object, { position: '' })
    expect(invalidCondition(read.ok ? [] : read.problems, hadNone)).toMatchObject({
      status: 'False',
      reason: 'Invalid',
      message: `${consequence}: spec.addresses[0]: the last address of a range must not come before the first, got "192.0.2.9-192.0.2.1"`,
    })
  })
})
