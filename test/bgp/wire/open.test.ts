import { describe, expect, test } from 'vitest'
import { describeCapabilities } from '../../../bgp/wire/capabilities.ts'
import { familyByName } from '../../../bgp/wire/families.ts'
import { decodeOpen, encodeOpen } from '../../../bgp/wire/open.ts'
import { address } from '../../../routing/ip/address.ts'
import { hex } from '../raw-peer.ts'

const octets = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const NOTHING = { routeRefresh: false, enhancedRouteRefresh: false, extendedMessage: false, codes: [] }

describe('OPEN', () => {
  // As FRR 8.4 sends it: every capability in a parameter of its own.
  const fromFrr = octets(
    `
    04 fdf2 0009 0a320002 32
    02 06 01 04 0001 00 01
    02 06 01 04 0002 00 01
    02 02 80 00
    02 02 02 00
    02 06 41 04 0000fdf2
    02 02 06 00
    02 06 45 04 00010101
    02 04 40 02 4078`.replaceAll('\n', ''),
  )

  test('of FRR is understood', () => {
    const open = decodeOpen(fromFrr)
    expect(open).toMatchObject({ asn: 65010, holdSeconds: 9, bgpIdentifier: '10.50.0.2' })
    expect(describeCapabilities(open.capabilities)).toEqual([
      'multiprotocol ipv4-unicast',
      'multiprotocol ipv6-unicast',
      'capability-128',
      'route-refresh',
      'four-octet-asn',
      'extended-message',
      'add-path ipv4-unicast receive',
      'graceful-restart',
    ])
    expect(open.capabilities.gracefulRestart).toMatchObject({
      restarting: false,
      notification: true,
      restartSeconds: 120,
    })
  })

  /** 3 octets each; 84 of them are one too many for a length octet of 253. */
  const withRoles = (count: number) =>
    encodeOpen({
      asn: 65000,
      holdSeconds: 90,
      bgpIdentifier: address('10.0.0.1'),
      capabilities: { ...NOTHING, roles: Array.from({ length: count }, (_, i) => i) },
    })

  test('has 16-bit lengths once its parameters are longer than 255 octets (RFC 9072, section 2)', () => {
    const head = '04 fde8 005a 0a000001'
    expect(hex(withRoles(84).subarray(0, 13))).toBe(hex(octets(`${head} fe 02 fc 09`)))
    expect(hex(withRoles(85).subarray(0, 17))).toBe(hex(octets(`${head} ff ff 0102 02 00ff 09`)))
    expect(withRoles(85)).toHaveLength(10 + 3 + 3 + 255)
    expect(decodeOpen(withRoles(85)).capabilities.roles).toHaveLength(85)
  })

  test.each([
    ['an extended header that is cut short', 'ff ff 0002 02 00'],
    ['a parameter that runs past the end', 'ff ff 0006 02 0006 09 01 00'],
    ['a total that is too short', 'ff ff 0003 02 0003 09 01 00'],
    ['nothing after the length', 'ff'],
    ['a type and no lengths', 'ff ff'],
  ])('with %s is 2/0', (_, parameters) => {
    const broken = octets(`04 fde8 005a 0a000001 ${parameters}`)
    expect(() => decodeOpen(broken)).toThrow(
      expect.objectContaining({ notification: expect.objectContaining({ code: 2, subcode: 0 }) }),
    )
  })

  test('is written as RFC 4271 and 5492 say', () => {
    const written = encodeOpen({
      asn: 4_200_000_000,
      holdSeconds: 90,
      bgpIdentifier: address('10.0.0.1'),
      capabilities: {
        families: [familyByName('ipv4-unicast'), familyByName('ipv6-unicast')],
        routeRefresh: true,
        enhancedRouteRefresh: false,
        extendedMessage: false,
        fourOctetAsn: 4_200_000_000,
        gracefulRestart: {
          restarting: true,
          notification: false,
          restartSeconds: 120,
          families: [{ family: familyByName('ipv4-unicast'), forwardingKept: true }],
        },
        codes: [],
      },
    })
    expect(hex(written)).toBe(
      hex(
        octets(
          '04 5ba0 005a 0a000001 1e 02 1c 0104 0001 00 01 0104 0002 00 01 0200 4104 fa56ea00 4006 8078 0001 01 80',
        ),
      ),
    )
  })

  test('with AS 0 is of AS 0, whatever its capability says (RFC 7607)', () => {
    expect(decodeOpen(octets('04 0000 005a 0a000002 08 02 06 41 04 0000fde8')).asn).toBe(0)
    expect(decodeOpen(octets('04 fde8 005a 0a000002 08 02 06 41 04 00000000')).asn).toBe(0)
  })
})
