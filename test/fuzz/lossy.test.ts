import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Node, own, peer, Rack } from '../bgp/speakers.ts'
import { FUZZ_TIMEOUT_MS, fuzz } from './budget.ts'

const NODES = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const
const POOL = Array.from({ length: 10 }, (_, i) => `20.${i}.0.0/16`)

/** Something happens, and then some time goes by. */
const command = fc.record({
  kind: fc.constantFrom(
    'originate',
    'cut',
    'mend',
    'reset',
    'latency',
    'split',
    'stall',
    'go on',
    'shutdown',
    'no shutdown',
  ),
  node: fc.nat(NODES.length - 1),
  other: fc.nat(NODES.length - 1),
  number: fc.nat(1000),
  milliseconds: fc.oneof(fc.constant(0), fc.nat(200), fc.nat(100_000)),
})

const options = fc.record({
  lookMs: fc.constantFrom(0, 1, 3, 7),
  gracefulRestart: fc.boolean(),
  holdSeconds: fc.constantFrom(3, 9, 90),
})

/**
 * Three that all dial each other over links that delay, break and go silent: once the links hold, each knows exactly
 * what the others say, however they came there.
 */
test(
  'speakers on bad links end in agreement once the links are good',
  () => {
    fuzz(
      fc.tuple(options, fc.array(command, { maxLength: 30 })),
      ([{ gracefulRestart, holdSeconds, lookMs }, commands]) => {
        const rack = new Rack()
        rack.lookMs = lookMs
        const restart = gracefulRestart ? { gracefulRestart: { restartSeconds: 20 } } : {}
        const nodes = NODES.map((at) => rack.speaker(at, restart))
        const peers = (index: number, shut: boolean) =>
          NODES.filter((_, i) => i !== index).map((at) =>
            peer(at, {
              originationSet: 'own',
              timers: { holdSeconds, keepaliveSeconds: Math.floor(holdSeconds / 3), connectRetrySeconds: 5 },
              ...(shut ? { shutdown: { message: 'down' } } : {}),
            }),
          )
        const said = new Map<Node, string[]>(nodes.map((node) => [node, []]))
        for (const [i, node] of nodes.entries()) node.apply({ peers: peers(i, false) })

        for (const { kind, node: index, other, number, milliseconds } of commands) {
          const node = nodes[index]!
          if (kind === 'originate') {
            said.set(
              node,
              POOL.filter((_, i) => i % NODES.length === index && (number >> i) & 1),
            )
            node.apply({ originationSets: own(...said.get(node)!) })
          } else if (kind === 'cut' || kind === 'mend') rack.network[kind](NODES[index]!, NODES[other]!)
          else if (kind === 'reset') rack.network.resetAll()
          else if (kind === 'latency') rack.network.latencyMs = number % 300
          else if (kind === 'split') rack.network.chunkOctets = 1 + (number % 40)
          else if (kind === 'stall' || kind === 'go on') {
            const ends = [...rack.network.connections].filter(({ localAddress }) => localAddress === NODES[index])
            for (const end of ends) end.stall(kind === 'stall')
          } else node.apply({ peers: peers(index, kind === 'shutdown') })
          rack.clock.advance(milliseconds)
        }

        for (const a of NODES) for (const b of NODES) rack.network.mend(a, b)
        for (const end of rack.network.connections) end.stall(false)
        rack.network.latencyMs = 1
        for (const [i, node] of nodes.entries()) node.apply({ peers: peers(i, false) })
        rack.settle(900)
        const all = [...said.values()].flat().sort()
        for (const node of nodes) {
          for (const at of NODES)
            if (at !== node.at) expect(node.peer(at).state, `${node.at} to ${at}`).toBe('Established')
          expect(node.prefixes(), `known to ${node.at}`).toEqual(all)
        }
      },
    )
  },
  FUZZ_TIMEOUT_MS,
)
