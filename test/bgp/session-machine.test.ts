import { describe, expect, test } from 'vitest'
import { step } from '../../bgp/session/fsm.ts'
import type { Negotiated, Session, SessionConfig, SessionEvent } from '../../bgp/session/session.ts'
import { familyByName } from '../../bgp/wire/families.ts'
import { notification } from '../../bgp/wire/notification.ts'
import { address } from '../../routing/ip/address.ts'

const ipv4 = familyByName('ipv4-unicast')

const config: SessionConfig = {
  localAsn: 65000,
  remoteAsn: 65001,
  bgpIdentifier: address('10.0.0.1'),
  holdSeconds: 90,
  keepaliveSeconds: 30,
  connectRetrySeconds: 5,
  passive: false,
  offers: {
    families: [ipv4],
    routeRefresh: true,
    enhancedRouteRefresh: false,
    extendedMessage: false,
    fourOctetAsn: 65000,
  },
}
const capabilities = {
  routeRefresh: true,
  enhancedRouteRefresh: false,
  extendedMessage: false,
  fourOctetAsn: 65001,
  codes: [],
}
const open = { asn: 65001, holdSeconds: 30, bgpIdentifier: address('10.0.0.2'), capabilities }
const negotiated: Negotiated = {
  type: 'external',
  remoteAsn: 65001,
  remoteBgpIdentifier: open.bgpIdentifier,
  families: [ipv4],
  holdSeconds: 30,
  keepaliveSeconds: 10,
  fourOctetAsn: true,
  routeRefresh: true,
  enhancedRouteRefresh: false,
  extendedMessage: false,
  extendedNextHop: false,
  addPath: { sent: [], received: [] },
  gracefulRestart: undefined,
  notificationRestart: false,
  longLived: undefined,
  sent: { ...config.offers, codes: [2, 65] },
  received: capabilities,
}

const STATES = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const
type State = (typeof STATES)[number]

const EVENTS = {
  Start: { type: 'Start' },
  Stop: { type: 'Stop', notification: notification(6, 2) },
  'Stop without a word': { type: 'Stop', notification: undefined },
  ConnectionOpened: { type: 'ConnectionOpened' },
  ConnectionFailed: { type: 'ConnectionFailed', error: 'ECONNRESET' },
  'ConnectRetry expires': { type: 'TimerExpired', timer: 'ConnectRetry' },
  'Hold expires': { type: 'TimerExpired', timer: 'Hold' },
  'Keepalive expires': { type: 'TimerExpired', timer: 'Keepalive' },
  OPEN: { type: 'MessageReceived', message: { type: 'OPEN', open } },
  'OPEN of another AS': { type: 'MessageReceived', message: { type: 'OPEN', open: { ...open, asn: 65009 } } },
  KEEPALIVE: { type: 'MessageReceived', message: { type: 'KEEPALIVE' } },
  NOTIFICATION: { type: 'MessageReceived', message: { type: 'NOTIFICATION', notification: notification(6, 4) } },
  'ROUTE-REFRESH': { type: 'MessageReceived', message: { type: 'ROUTE-REFRESH', family: ipv4, subtype: 0 } },
  UPDATE: { type: 'UpdateReceived' },
  'malformed message': { type: 'FaultFound', notification: notification(1, 2), text: 'bad length' },
} satisfies Record<string, SessionEvent>

/**
 * Every state × every event, from RFC 4271 section 8.2.2 and RFC 6608: next state, then what is done, in order.
 * `N x/y` is a NOTIFICATION; `.` alone: nothing happens.
 */
const TABLE: Record<keyof typeof EVENTS, Record<State, string>> = {
  Start: row('Connect dial', '.', '.', '.', '.', '.'),
  Stop: row(
    '.',
    'Idle close stop ended',
    'Idle close stop ended',
    'Idle N6/2 close stop ended',
    'Idle N6/2 close stop ended',
    'Idle N6/2 close stop ended',
  ),
  'Stop without a word': row(
    '.',
    'Idle close stop ended',
    'Idle close stop ended',
    'Idle close stop ended',
    'Idle close stop ended',
    'Idle close stop ended',
  ),
  ConnectionOpened: row(
    'OpenSent stop OPEN Hold240',
    'OpenSent stop OPEN Hold240',
    'OpenSent stop OPEN Hold240',
    '.',
    '.',
    '.',
  ),
  ConnectionFailed: row(
    '.',
    'Active stop ConnectRetry5',
    '.',
    'Idle close stop ended',
    'Idle close stop ended',
    'Idle close stop ended',
  ),
  'ConnectRetry expires': row('.', '.', 'Connect dial', '.', '.', '.'),
  'Hold expires': row(
    '.',
    '.',
    '.',
    'Idle N4/0 close stop ended',
    'Idle N4/0 close stop ended',
    'Idle N4/0 close stop ended',
  ),
  'Keepalive expires': row('.', '.', '.', '.', 'OpenConfirm KEEPALIVE', 'Established KEEPALIVE'),
  OPEN: row(
    '.',
    '.',
    '.',
    'OpenConfirm KEEPALIVE Hold30 Keepalive10',
    'Idle N5/2 close stop ended',
    'Idle N5/3 close stop ended',
  ),
  'OPEN of another AS': row(
    '.',
    '.',
    '.',
    'Idle N2/2 close stop ended',
    'Idle N5/2 close stop ended',
    'Idle N5/3 close stop ended',
  ),
  KEEPALIVE: row('.', '.', '.', 'Idle N5/1 close stop ended', 'Established up', '.'),
  NOTIFICATION: row('.', '.', '.', 'Idle close stop ended', 'Idle close stop ended', 'Idle close stop ended'),
  'ROUTE-REFRESH': row(
    '.',
    '.',
    '.',
    'Idle N5/1 close stop ended',
    'Idle N5/2 close stop ended',
    'Established refresh',
  ),
  UPDATE: row('.', '.', '.', 'Idle N5/1 close stop ended', 'Idle N5/2 close stop ended', '.'),
  'malformed message': row(
    '.',
    '.',
    '.',
    'Idle N1/2 close stop ended',
    'Idle N1/2 close stop ended',
    'Idle N1/2 close stop ended',
  ),
}

describe.each(STATES)('in %s', (state) => {
  test.each(Object.keys(EVENTS) as (keyof typeof EVENTS)[])('%s', (name) => {
    const before = sessionIn(state)
    const { session, actions } = step(before, EVENTS[name])
    const done = actions.map(describeAction)
    const shown = session.state === state && done.length === 0 ? '.' : [session.state, ...done].join(' ')
    expect(shown).toBe(TABLE[name][state])
  })
})

test('a passive peer waits for the other side to connect', () => {
  const { session, actions } = step({ state: 'Idle', config: { ...config, passive: true } }, { type: 'Start' })
  expect([session.state, actions]).toEqual(['Active', []])
  expect(step(session, { type: 'TimerExpired', timer: 'ConnectRetry' }).session.state).toBe('Active')
})

test('hold time zero means neither hold nor keepalive timer (RFC 4271, 4.2)', () => {
  const { session, actions } = step(sessionIn('OpenSent'), {
    type: 'MessageReceived',
    message: { type: 'OPEN', open: { ...open, holdSeconds: 0 } },
  })
  expect(session.state).toBe('OpenConfirm')
  expect(actions.map(describeAction)).toEqual(['KEEPALIVE', 'stop'])
})

test('what was unexpected stands in the data of the NOTIFICATION (RFC 6608)', () => {
  const { actions } = step(sessionIn('OpenSent'), { type: 'UpdateReceived' })
  expect(actions[0]).toMatchObject({ message: { notification: { code: 5, subcode: 1, data: Uint8Array.of(2) } } })
})

function row(...cells: [string, string, string, string, string, string]): Record<State, string> {
  return Object.fromEntries(STATES.map((state, i) => [state, cells[i]])) as Record<State, string>
}

function sessionIn(state: State): Session {
  return state === 'OpenConfirm' || state === 'Established' ? { state, config, negotiated } : { state, config }
}

function describeAction(action: ReturnType<typeof step>['actions'][number]): string {
  switch (action.type) {
    case 'Dial':
      return 'dial'
    case 'Close':
      return 'close'
    case 'StopTimers':
      return 'stop'
    case 'Established':
      return 'up'
    case 'Ended':
      return 'ended'
    case 'RefreshAsked':
      return 'refresh'
    case 'StartTimer':
      return `${action.timer}${action.seconds}`
    case 'Send':
      return action.message.type === 'NOTIFICATION'
        ? `N${action.message.notification.code}/${action.message.notification.subcode}`
        : action.message.type
  }
}
