import fc from 'fast-check'
import { expect, test } from 'vitest'
import { step } from '../../bgp/session/fsm.ts'
import type { Session, SessionAction, SessionConfig, SessionEvent } from '../../bgp/session/session.ts'
import { familyByName } from '../../bgp/wire/families.ts'
import { notification } from '../../bgp/wire/notification.ts'
import { address } from '../../routing/ip/address.ts'
import { FUZZ_TIMEOUT_MS, fuzz } from './budget.ts'

const ipv4 = familyByName('ipv4-unicast')

const capabilities = {
  families: [ipv4],
  routeRefresh: true,
  enhancedRouteRefresh: false,
  extendedMessage: false,
  fourOctetAsn: 65000,
}

const config = fc
  .record({
    remoteAsn: fc.constantFrom<number | 'internal' | 'external'>(65000, 65001, 'internal', 'external'),
    holdSeconds: fc.constantFrom(0, 3, 90),
    passive: fc.boolean(),
  })
  .map(
    (given): SessionConfig => ({
      localAsn: 65000,
      bgpIdentifier: address('10.0.0.1'),
      keepaliveSeconds: Math.floor(given.holdSeconds / 3),
      connectRetrySeconds: 5,
      offers: capabilities,
      ...given,
    }),
  )

const openMessage = fc
  .record({
    asn: fc.constantFrom(65000, 65001),
    holdSeconds: fc.constantFrom(0, 3, 90),
    bgpIdentifier: fc.constantFrom(address('10.0.0.2'), address('10.0.0.1')),
  })
  .map((open): SessionEvent => {
    const theirs = { ...capabilities, fourOctetAsn: open.asn, codes: [] }
    return { type: 'MessageReceived', message: { type: 'OPEN', open: { ...open, capabilities: theirs } } }
  })

const event: fc.Arbitrary<SessionEvent> = fc.oneof(
  { weight: 4, arbitrary: openMessage },
  {
    weight: 4,
    arbitrary: fc.constantFrom<SessionEvent>(
      { type: 'Start' },
      { type: 'ConnectionOpened' },
      { type: 'MessageReceived', message: { type: 'KEEPALIVE' } },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<SessionEvent>(
      { type: 'UpdateReceived' },
      { type: 'Stop', notification: notification(6, 2) },
      { type: 'Stop', notification: undefined },
      { type: 'ConnectionFailed', error: 'reset' },
      { type: 'TimerExpired', timer: 'ConnectRetry' },
      { type: 'TimerExpired', timer: 'Hold' },
      { type: 'TimerExpired', timer: 'Keepalive' },
      { type: 'MessageReceived', message: { type: 'NOTIFICATION', notification: notification(6, 4) } },
      { type: 'MessageReceived', message: { type: 'ROUTE-REFRESH', family: ipv4, subtype: 0 } },
      { type: 'FaultFound', notification: notification(3, 1), text: 'fault' },
    ),
  },
)

/** The edges of RFC 4271, section 8.2.2 (DelayOpen aside). To stay is always allowed, and everything may end in Idle. */
const EDGES: Readonly<Record<Session['state'], readonly Session['state'][]>> = {
  Idle: ['Connect', 'Active', 'OpenSent'],
  Connect: ['Active', 'OpenSent'],
  Active: ['Connect', 'OpenSent'],
  OpenSent: ['Active', 'OpenConfirm'],
  OpenConfirm: ['Established'],
  Established: [],
}

test(
  'whatever comes in whatever order, the machine stays on the edges of the RFC and ends cleanly',
  () => {
    fuzz(fc.tuple(config, fc.array(event, { maxLength: 40 })), ([given, events]) => {
      let session: Session = { state: 'Idle', config: given }
      for (const each of events) {
        const next = step(session, each)
        const { state } = next.session
        if (state !== session.state && state !== 'Idle') expect(EDGES[session.state]).toContain(state)
        check(next.actions, session, next.session)
        const ended = next.actions.some(({ type }) => type === 'Ended')
        // A leg ends once; its successor is a machine of its own.
        session = ended ? { state: 'Idle', config: given } : next.session
      }
    })
  },
  FUZZ_TIMEOUT_MS,
)

function check(actions: readonly SessionAction[], before: Session, after: Session): void {
  const types = actions.map(({ type }) => type)
  const sent = actions.flatMap((action) => (action.type === 'Send' ? [action.message.type] : []))
  if (types.includes('Ended')) {
    expect(after.state).toBe('Idle')
    expect(types.at(-1)).toBe('Ended')
    expect(types).toContain('StopTimers')
    expect(types.indexOf('Close')).toBeLessThan(types.length - 1)
  }
  expect(types.filter((type) => type === 'Ended' || type === 'Established').length).toBeLessThanOrEqual(1)
  // RFC 4271, section 6: a NOTIFICATION is the last word, and is never answered with another.
  if (sent.includes('NOTIFICATION')) {
    expect(sent.at(-1)).toBe('NOTIFICATION')
    expect(types).toContain('Ended')
    expect(types.indexOf('Close')).toBeGreaterThan(types.indexOf('Send'))
  }
  if (sent.includes('OPEN')) expect(after.state).toBe('OpenSent')
  expect(types.includes('Established')).toBe(after.state === 'Established' && before.state !== 'Established')
  // RFC 4271, section 4.4: no keepalives where no hold time was agreed on.
  const keepalives = actions.some((action) => action.type === 'StartTimer' && action.timer === 'Keepalive')
  if ('negotiated' in after && after.negotiated.holdSeconds === 0) expect(keepalives).toBe(false)
}
