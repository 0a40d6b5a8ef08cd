import { describe, expect, test } from 'vitest'
import type { Role } from '../../bgp/contract.ts'
import { open, RawPeer, u32, update } from './raw-peer.ts'
import { own, peer, Rack } from './speakers.ts'

/** RFC 9234: we are AS 65000, 10.0.0.2 is AS 65002, 10.0.0.3 is AS 65003. Role values are those of section 4.1. */
const VALUES: Record<Role, number> = {
  provider: 0,
  'route-server': 1,
  'route-server-client': 2,
  customer: 3,
  peer: 4,
}
const capabilities = (asn: number, ...roles: readonly number[]) => [
  ...[1, 4, 0, 1, 0, 1, 65, 4, ...u32(asn)],
  ...roles.flatMap((role) => [9, 1, role]),
]
const otc = (asn: number) => [0xc0, 35, 4, ...u32(asn)]

function stage(left: Role | undefined, right: Role | undefined) {
  const rack = new Rack()
  const options = { passive: true, importPolicies: ['all'], exportPolicies: ['all'], originationSet: 'own' }
  const node = rack.speaker('10.0.0.1', {
    policies: [{ name: 'all', rules: [], defaultAction: 'accept' }],
    originationSets: own('10.1.0.0/24'),
    peers: [
      peer('10.0.0.2', { ...options, remoteAsn: 65002, ...(left && { role: left }) }),
      peer('10.0.0.3', { ...options, remoteAsn: 65003, ...(right && { role: right }) }),
    ],
  })
  const join = (n: 2 | 3, ...roles: number[]) =>
    new RawPeer(rack, `10.0.0.${n}`).establish(
      '10.0.0.1',
      open({ asn: 65000 + n, identifier: [10, 0, 0, n], capabilities: capabilities(65000 + n, ...roles) }),
    )
  return { rack, node, join }
}

describe('roles in OPENs', () => {
  const fits: Record<Role, Role> = {
    provider: 'customer',
    customer: 'provider',
    'route-server': 'route-server-client',
    'route-server-client': 'route-server',
    peer: 'peer',
  }
  const roles = Object.keys(VALUES) as Role[]

  test.each(roles.flatMap((ours) => roles.map((theirs) => [ours, theirs] as const)))('%s with %s', (ours, theirs) => {
    const { node, join } = stage(ours, undefined)
    const raw = join(2, VALUES[theirs])
    expect(Buffer.from(raw.received[0]!).toString('hex')).toContain(`0901${`0${VALUES[ours]}`}`)
    if (fits[ours] === theirs) {
      expect(node.peer('10.0.0.2')).toMatchObject({ state: 'Established' })
      expect(node.peer('10.0.0.2').capabilities?.received).toContain(`role ${theirs}`)
    } else expect(raw.notification).toMatchObject({ code: 2, subcode: 11 })
  })

  test('a value that is none fits nothing; the same value twice is one; two values are a contradiction', () => {
    expect(stage('peer', undefined).join(2, 7).notification).toMatchObject({ code: 2, subcode: 11 })
    expect(stage('peer', undefined).join(2, 4, 4).notification).toBeUndefined()
    expect(stage('peer', undefined).join(2, 4, 0).notification).toMatchObject({ code: 2, subcode: 11 })
    expect(stage(undefined, undefined).join(2, 4, 0).notification).toMatchObject({ code: 2, subcode: 11 })
  })

  test('where one side has none the session comes up all the same', () => {
    expect(stage('provider', undefined).join(2).notification).toBeUndefined()
    expect(stage(undefined, undefined).join(2, 0).notification).toBeUndefined()
  })

  test('another role ends the session and is told in the next one', () => {
    const { rack, node, join } = stage('customer', undefined)
    const raw = join(2)
    node.apply({ peers: node.config.peers.map((one) => ({ ...one, role: 'peer' as const })) })
    rack.clock.runUntilIdle()
    expect(raw.notification).toMatchObject({ code: 6, subcode: 6 })
    expect(Buffer.from(join(2).received[0]!).toString('hex')).toContain('090104')
  })
})

describe('ONLY_TO_CUSTOMER, received', () => {
  const received = (role: Role, extra: readonly number[]) => {
    const { node, join } = stage(role, undefined)
    join(2).send(update({ nlri: ['20.0.0.0/8'], asPath: [65002, 7], extra }))
    const [route] = node.speaker.routes({ receivedFrom: '10.0.0.2' }).routes
    return { used: route?.best, otc: route?.onlyToCustomer, why: route?.ineligible }
  }

  test.each(['provider', 'route-server'] as const)('we are the %s: with it the route is a leak', (role) => {
    expect(received(role, otc(65002))).toMatchObject({ used: false, why: expect.stringContaining('RFC 9234') })
    expect(received(role, [])).toEqual({ used: true, otc: undefined, why: undefined })
  })

  test('we are a peer: only its own AS may stand there, and it does afterwards', () => {
    expect(received('peer', otc(7))).toMatchObject({ used: false, otc: 7 })
    expect(received('peer', otc(65002))).toMatchObject({ used: true, otc: 65002 })
    expect(received('peer', [])).toMatchObject({ used: true, otc: 65002 })
  })

  test.each(['customer', 'route-server-client'] as const)('we are the %s: it is put there, or stays', (role) => {
    expect(received(role, [])).toMatchObject({ used: true, otc: 65002 })
    expect(received(role, otc(7))).toMatchObject({ used: true, otc: 7 })
  })

  test('a leak replaces the good route it follows', () => {
    const { node, join } = stage('provider', undefined)
    const raw = join(2).send(update({ nlri: ['20.0.0.0/8'], asPath: [65002] }))
    expect(node.prefixes()).toContain('20.0.0.0/8')
    raw.send(update({ nlri: ['20.0.0.0/8'], asPath: [65002], extra: otc(65002) }))
    expect(node.prefixes()).not.toContain('20.0.0.0/8')
  })
})

describe('ONLY_TO_CUSTOMER, sent', () => {
  /** Prefix → the attribute as hex, for what reaches AS 65003. */
  const sent = (right: Role | undefined, extra: readonly number[] = []) => {
    const { join } = stage(undefined, right)
    const to = join(3)
    join(2).send(update({ nlri: ['20.0.0.0/8'], asPath: [65002], extra }))
    return Object.fromEntries([...to.routes].map(([prefix, attributes]) => [prefix, attributes.get(35)]))
  }

  test.each(['provider', 'route-server', 'peer'] as const)('we are the %s: our AS where there was none', (role) => {
    expect(sent(role)).toEqual({ '10.1.0.0/24': '0000fde8', '20.0.0.0/8': '0000fde8' })
  })

  test.each(['provider', 'route-server'] as const)('we are the %s: what stands there stays', (role) => {
    expect(sent(role, otc(7))).toEqual({ '10.1.0.0/24': '0000fde8', '20.0.0.0/8': '00000007' })
  })

  test.each(['customer', 'route-server-client'] as const)('we are the %s: nothing is put there', (role) => {
    expect(sent(role)).toEqual({ '10.1.0.0/24': undefined, '20.0.0.0/8': undefined })
  })

  test.each(['customer', 'route-server-client', 'peer'] as const)('we are the %s: what has it stays here', (role) => {
    expect(Object.keys(sent(role, otc(7)))).toEqual(['10.1.0.0/24'])
  })

  test('without a role it passes untouched', () => {
    expect(sent(undefined, otc(7))).toEqual({ '10.1.0.0/24': undefined, '20.0.0.0/8': '00000007' })
  })

  test('what came from a provider is not told to a peer, though it came without', () => {
    const { join } = stage('customer', 'peer')
    const to = join(3)
    join(2).send(update({ nlri: ['20.0.0.0/8'], asPath: [65002] }))
    expect([...to.routes.keys()]).toEqual(['10.1.0.0/24'])
  })
})
