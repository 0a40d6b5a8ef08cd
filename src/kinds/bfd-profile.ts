import { acceptance, acceptedColumn, ageColumn, flag } from './common.ts'
import { defineKind } from './kind.ts'
import { integer, object } from './schema.ts'

const interval = { minimum: 10, maximum: 60_000, default: 300 }

export const bfdProfile = defineKind({
  kind: 'BFDProfile',
  plural: 'bfdprofiles',
  shortNames: ['bfd'],
  description: 'Timing of BFD (RFC 5880) for the sessions that name it.',
  spec: object(
    'The timing.',
    {
      transmitMilliseconds: integer('Least time between packets sent.', interval),
      receiveMilliseconds: integer('Least time between packets we can take.', interval),
      detectMultiplier: integer('This many packets missing mean that the path is down.', {
        minimum: 2,
        maximum: 255,
        default: 3,
      }),
      passive: flag('Wait for the other side to begin.', false),
      minimumTTL: integer('Packets of multihop sessions with a smaller TTL are dropped.', {
        minimum: 1,
        maximum: 254,
        default: 254,
      }),
    },
    { required: true },
  ),
  status: acceptance,
  columns: [
    { name: 'Transmit', type: 'integer', path: '.spec.transmitMilliseconds' },
    { name: 'Receive', type: 'integer', path: '.spec.receiveMilliseconds' },
    { name: 'Multiplier', type: 'integer', path: '.spec.detectMultiplier' },
    acceptedColumn,
    ageColumn,
  ],
})
