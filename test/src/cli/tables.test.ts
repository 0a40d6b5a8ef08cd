import { describe, expect, test } from 'vitest'
import { address } from '../../../routing/ip/address.ts'
import { prefix } from '../../../routing/ip/prefix.ts'
import { formatDuration } from '../../../src/cli/duration.ts'
import { formatPeer, formatPeers } from '../../../src/cli/peers.ts'
import { formatStatus } from '../../../src/cli/status.ts'
import { describe as describeFields, TextTable } from '../../../src/cli/table.ts'
import { peerStatus, statusDocument } from '../../fakes/view.ts'

const MINUTE = 60_000
const NOW = 1_000_000 + 5 * MINUTE + 12_000

test.each([
  [-5, '0s'],
  [999, '0s'],
  [12_000, '12s'],
  [5 * MINUTE, '5m'],
  [5 * MINUTE + 30_999, '5m30s'],
  [180 * MINUTE + 59_000, '3h'],
  [200 * MINUTE, '3h20m'],
  [51 * 60 * MINUTE, '2d3h'],
])('%i ms are said as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

describe('a table', () => {
  test('has columns as wide as their widest cell, and no frame', () => {
    expect(
      new TextTable(['A', 'LONGER']).render([
        ['value', 1],
        [undefined, 'x'],
        ['', 22],
      ]),
    ).toBe('A       LONGER\nvalue   1\n-       x\n-       22\n')
  })

  test('that comes in parts has one header, and keeps its widths', () => {
    const table = new TextTable(['A', 'B'])
    expect(table.render([['wide cell', 1]])).toBe('A           B\nwide cell   1\n')
    expect(table.render([['x', 2]])).toBe('x           2\n')
    expect(table.render([])).toBe('')
  })

  test('shortens nothing', () => {
    const long = 'x'.repeat(500)
    expect(new TextTable(['A']).render([[long]])).toBe(`A\n${long}\n`)
  })
})

test('described fields are aligned, and absent ones left out', () => {
  expect(
    describeFields([
      ['Name', 'a'],
      ['Gone', undefined],
      ['Longer name', 0],
    ]),
  ).toBe('Name:         a\nLonger name:  0\n')
})

describe('peers', () => {
  test('are one line each, with what people look for', () => {
    const down = peerStatus({
      name: 'tor-2',
      remoteAddress: address('2001:db8::1'),
      remoteAsn: 'external',
      type: 'unknown',
      state: 'Idle',
      idleReason: 'shut down',
      lastError: { direction: 'sent', code: 6, subcode: 2, text: 'Cease: administrative shutdown', at: NOW - MINUTE },
    })
    expect(formatPeers([peerStatus(), down], NOW)).toBe(
      [
        'NAME    ADDRESS       AS         TYPE       STATE              SINCE   RECEIVED   ACCEPTED   ADVERTISED   LAST ERROR',
        'tor-1   192.0.2.1     65000      external   Established        5m12s   10         8          3            -',
        'tor-2   2001:db8::1   external   -          Idle (shut down)   5m12s   -          -          -            sent 6/2 Cease: administrative shutdown, 1m ago',
        '',
      ].join('\n'),
    )
  })

  test('say why there is no session: how the last one ended, else what became of the last attempt', () => {
    const lastAttempt = { direction: 'transport', text: 'connect ECONNREFUSED', at: NOW - 7000 } as const
    const lastError = { direction: 'received', code: 6, subcode: 1, text: 'Cease', at: NOW - MINUTE } as const
    expect(formatPeers([peerStatus({ lastAttempt })], NOW)).toContain(' connect ECONNREFUSED, 7s ago')
    expect(formatPeers([peerStatus({ lastAttempt, lastError })], NOW)).toMatch(/ {3}received 6\/1 Cease, 1m ago\n$/)
    expect(formatPeer(peerStatus({ lastAttempt, lastError }), NOW)).toMatch(
      /Last error: +received 6\/1 Cease, 1m ago\nLast attempt: +connect ECONNREFUSED, 7s ago/,
    )
  })

  test('count the prefixes of all families', () => {
    const row = { received: 5, accepted: 4, advertised: 2, endOfRibReceived: false }
    const families = (['ipv4-unicast', 'ipv6-unicast'] as const).map((family) => ({ family, ...row }))
    expect(formatPeers([peerStatus({ families })], NOW)).toMatch(/ 10 +8 +4 /)
  })

  test('one alone is told in full', () => {
    const peer = peerStatus({
      localAddress: address('192.0.2.9'),
      remoteBgpIdentifier: address('192.0.2.254'),
      timers: { holdSeconds: 90, keepaliveSeconds: 30 },
      capabilities: { sent: ['4-octet-as', 'route-refresh'], received: ['4-octet-as'] },
      discarded: [{ what: 'MED of wrong length', count: 2 }],
      lastError: { direction: 'transport', text: 'connection reset by peer', at: NOW - 7000 },
    })
    expect(formatPeer(peer, NOW)).toBe(
      [
        'Peer:               tor-1',
        'Address:            192.0.2.1',
        'AS:                 65000 (external)',
        'Local:              192.0.2.9, AS 64512',
        'State:              Established, for 5m12s',
        'BGP identifier:     192.0.2.254',
        'Timers:             hold 90 s, keepalive 30 s',
        'Capabilities sent:  4-octet-as, route-refresh',
        '… received:         4-octet-as',
        'Established:        once',
        'Messages:           20 received, 21 sent',
        'UPDATEs:            5 received, 6 sent',
        'Malformed:          2 × MED of wrong length',
        'Last error:         connection reset by peer, 7s ago',
        '',
        'FAMILY         RECEIVED   ACCEPTED   ADVERTISED   END-OF-RIB',
        'ipv4-unicast   10         8          3            received',
        '',
      ].join('\n'),
    )
  })
})

describe('the status', () => {
  test('says that all is well', () => {
    expect(formatStatus(statusDocument())).toBe(
      [
        'Node:           n1 (agent, routelet 1.2.3)',
        'AS:             64512, BGP identifier 10.0.0.1',
        'Listens:        TCP port 179',
        'Up:             1h2m',
        'Ready:          yes',
        'Configuration:  files /etc/routelet, synced',
        'Sessions:       1 of 2 established',
        'RIB:            12 IPv4 and 3 IPv6 prefixes',
        'Kernel:         10 of 10 routes installed',
        '',
      ].join('\n'),
    )
  })

  test('says what is not', () => {
    const text = formatStatus(
      statusDocument({
        ready: false,
        waitingFor: ['the first routes of the peers', 'the kernel to take the routes'],
        configuration: {
          source: 'kubernetes',
          synced: false,
          detail: 'connection refused',
          fromStateDir: true,
          workerRestarts: 1,
        },
        kernelRoutes: { wanted: 10, installed: 7, pending: 0, inactive: 0, failed: 1, refused: 2 },
        announcements: [
          { prefix: prefix('192.0.2.10/32'), object: 'Service shop/web', peers: ['tor-1', 'tor-2'] },
          { object: 'Service shop/db', peers: [], silentBecause: 'NoAddress' },
        ],
        problems: [{ kind: 'Invalid', object: 'BGPPeer x', path: 'spec.peerASN', message: 'expected a number' }],
      }),
    )
    expect(text).toContain(
      'Ready:          no, waiting for the first routes of the peers, the kernel to take the routes\n',
    )
    expect(text).toContain(
      'kubernetes, not synced: connection refused; the configuration in force was kept from an earlier run\n',
    )
    expect(text).toContain('Kernel:         7 of 10 routes installed, 1 failed, 2 refused\n')
    expect(text).toContain(
      [
        '',
        'PREFIX          OBJECT             ANNOUNCED TO   SILENT BECAUSE',
        '192.0.2.10/32   Service shop/web   tor-1,tor-2    -',
        '-               Service shop/db    -              NoAddress',
        '',
        'PROBLEM   OBJECT      FIELD          MESSAGE',
        'Invalid   BGPPeer x   spec.peerASN   expected a number',
        '',
      ].join('\n'),
    )
  })

  test('of a reflector has no kernel', () => {
    const { kernelRoutes: _, ...reflector } = statusDocument({ role: 'reflector' })
    expect(formatStatus(reflector)).not.toContain('Kernel')
  })
})
