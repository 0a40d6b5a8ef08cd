import { CeaseError, NotificationCode } from './iana.ts'

/** What a NOTIFICATION says (RFC 4271, section 4.5). */
export interface Notification {
  readonly code: number
  readonly subcode: number
  readonly data: Uint8Array
}

export function notification(code: number, subcode = 0, data: Uint8Array | readonly number[] = []): Notification {
  return { code, subcode, data: data instanceof Uint8Array ? data : Uint8Array.from(data) }
}

/** Cease with a text for the other side's operator (RFC 9003); longer texts are cut at 255 octets. */
export function cease(subcode: number, text = ''): Notification {
  let octets = new TextEncoder().encode(text)
  // Cut between characters: a continuation octet is 10xxxxxx.
  if (octets.length > 255) {
    let end = 255
    while ((octets[end]! & 0xc0) === 0x80) end--
    octets = octets.subarray(0, end)
  }
  const carriesText = subcode === CeaseError.AdministrativeShutdown || subcode === CeaseError.AdministrativeReset
  return notification(NotificationCode.Cease, subcode, carriesText ? [octets.length, ...octets] : [])
}

/** A NOTIFICATION that is no restart, whatever graceful restart says (RFC 8538, section 3.1). */
export function hardReset({ code, subcode, data }: Notification): Notification {
  return notification(NotificationCode.Cease, CeaseError.HardReset, [code, subcode, ...data])
}

export function isHardReset({ code, subcode }: Notification): boolean {
  return code === NotificationCode.Cease && subcode === CeaseError.HardReset
}

/** The operator's text in a Cease, if there is a whole one (RFC 9003); control characters are shown as spaces. */
export function shutdownText({ code, subcode, data }: Notification): string | undefined {
  if (code !== NotificationCode.Cease) return undefined
  if (subcode !== CeaseError.AdministrativeShutdown && subcode !== CeaseError.AdministrativeReset) return undefined
  const length = data[0] ?? 0
  if (length === 0 || data.length < 1 + length) return undefined
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be removed
  return new TextDecoder().decode(data.subarray(1, 1 + length)).replace(/[\u0000-\u001f\u007f]/g, ' ')
}

/** `Cease / Administrative Shutdown: "rack move"`, with the section that defines the code. */
export function describeNotification(n: Notification): string {
  if (isHardReset(n) && n.data.length >= 2) {
    const inner = notification(n.data[0]!, n.data[1], n.data.subarray(2))
    return `Hard Reset (RFC 8538): ${describeNotification(inner)}`
  }
  const row = TEXTS[n.code]
  if (row === undefined) return `unknown error ${n.code}/${n.subcode}`
  const subcode = row.subcodes[n.subcode] ?? (n.subcode === 0 ? undefined : `subcode ${n.subcode}`)
  const text = shutdownText(n)
  return `${row.name}${subcode ? ` / ${subcode}` : ''}${text ? `: "${text}"` : ''} (${row.source})`
}

interface CodeText {
  readonly name: string
  readonly source: string
  readonly subcodes: Readonly<Record<number, string>>
}

const TEXTS: Readonly<Record<number, CodeText>> = {
  1: {
    name: 'Message Header Error',
    source: 'RFC 4271, 6.1',
    subcodes: { 1: 'Connection Not Synchronized', 2: 'Bad Message Length', 3: 'Bad Message Type' },
  },
  2: {
    name: 'OPEN Message Error',
    source: 'RFC 4271, 6.2',
    subcodes: {
      1: 'Unsupported Version Number',
      2: 'Bad Peer AS',
      3: 'Bad BGP Identifier',
      4: 'Unsupported Optional Parameter',
      6: 'Unacceptable Hold Time',
      7: 'Unsupported Capability',
      11: 'Role Mismatch',
    },
  },
  3: {
    name: 'UPDATE Message Error',
    source: 'RFC 4271, 6.3',
    subcodes: {
      1: 'Malformed Attribute List',
      2: 'Unrecognized Well-known Attribute',
      3: 'Missing Well-known Attribute',
      4: 'Attribute Flags Error',
      5: 'Attribute Length Error',
      6: 'Invalid ORIGIN Attribute',
      8: 'Invalid NEXT_HOP Attribute',
      9: 'Optional Attribute Error',
      10: 'Invalid Network Field',
      11: 'Malformed AS_PATH',
    },
  },
  4: { name: 'Hold Timer Expired', source: 'RFC 4271, 6.5', subcodes: {} },
  5: {
    name: 'Finite State Machine Error',
    source: 'RFC 6608',
    subcodes: {
      1: 'Unexpected Message in OpenSent',
      2: 'Unexpected Message in OpenConfirm',
      3: 'Unexpected Message in Established',
    },
  },
  6: {
    name: 'Cease',
    source: 'RFC 4486',
    subcodes: {
      1: 'Maximum Number of Prefixes Reached',
      2: 'Administrative Shutdown',
      3: 'Peer De-configured',
      4: 'Administrative Reset',
      5: 'Connection Rejected',
      6: 'Other Configuration Change',
      7: 'Connection Collision Resolution',
      8: 'Out of Resources',
      9: 'Hard Reset',
      10: 'BFD Down',
    },
  },
  7: { name: 'ROUTE-REFRESH Message Error', source: 'RFC 7313, 5', subcodes: { 1: 'Invalid Message Length' } },
  8: { name: 'Send Hold Timer Expired', source: 'RFC 9687', subcodes: {} },
}
