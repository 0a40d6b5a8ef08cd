import type { PeerConfig, PeerStatus, RouteView, SpeakerConfig } from '../../bgp/contract.ts'
import { peerConfig, speakerConfig } from '../../bgp/defaults.ts'
import type { Clock, Log } from '../../bgp/ports.ts'
import { Speaker, type SpeakerOptions } from '../../bgp/speaker.ts'
import { address } from '../../routing/ip/address.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import { FakeClock } from '../fakes/clock.ts'
import { type FakeHost, FakeNetwork } from '../fakes/transport.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Several speakers on one fake network, under one fake clock. */
export class Rack {
  readonly clock = new FakeClock()
  readonly network = new FakeNetwork(this.clock)
  /** Each look at the clock seems to take this long, until the turn is over: rounds of input end early. */
  lookMs = 0
  readonly #hosts = new Map<string, FakeHost>()
  readonly #log: Log

  constructor(log: Partial<Log> = {}) {
    this.#log = { ...silent, ...log }
  }

  host(at: string): FakeHost {
    const known = this.#hosts.get(at)
    if (known !== undefined) return known
    const made = this.network.host(at)
    this.#hosts.set(at, made)
    return made
  }

  /** `failed` is given what the speaker logs as an error of its own. */
  speaker(
    at: string,
    config: Partial<SpeakerConfig> = {},
    options: SpeakerOptions = {},
    failed: (fields: object) => void = () => {},
  ): Node {
    const { dialer, listener } = this.host(at)
    const random = seeded(Number(at.split('.').at(-1)))
    const speaker = new Speaker(
      { clock: this.#busyClock(), dialer, listener, log: { ...this.#log, error: failed }, random },
      options,
    )
    const node = new Node(speaker, at, config)
    node.apply()
    return node
  }

  #busyClock(): Clock {
    const { clock } = this
    let looks = 0
    const afresh = (work: () => void) => () => {
      looks = 0
      work()
    }
    return {
      now: () => clock.now() + looks++ * this.lookMs,
      wallTime: () => clock.wallTime(),
      after: (ms, fire) => clock.after(ms, afresh(fire)),
      soon: (work) => clock.soon(afresh(work)),
    }
  }

  settle(seconds = 5): void {
    this.clock.advance(seconds * 1000)
  }
}

export class Node {
  readonly speaker: Speaker
  readonly at: string
  config: SpeakerConfig

  constructor(speaker: Speaker, at: string, config: Partial<SpeakerConfig>) {
    this.speaker = speaker
    this.at = at
    this.config = speakerConfig({ asn: 65000, bgpIdentifier: address(at), ...config })
  }

  apply(changes: Partial<SpeakerConfig> = {}): void {
    this.config = { ...this.config, ...changes }
    this.speaker.apply(this.config)
  }

  peer(name: string): PeerStatus {
    const found = this.speaker.peers().find((peer) => peer.name === name)
    if (found === undefined) throw new Error(`no peer ${name}`)
    return found
  }

  /** All best routes, by prefix. */
  best(): Map<string, RouteView> {
    return new Map(this.speaker.routes({}).routes.map((route) => [route.prefix, route]))
  }

  prefixes(): string[] {
    return [...this.best().keys()].sort()
  }
}

/** A peer with the common defaults; `name` is its address unless given. */
export function peer(at: string, changes: Partial<PeerConfig> = {}): PeerConfig {
  return peerConfig({ remoteAddress: address(at), remoteAsn: 65000, localAsn: 65000, ...changes })
}

/** An origination set named `own` with these prefixes. */
export function own(...prefixes: string[]) {
  const routes = prefixes.map((text) => ({ prefix: prefix(text), because: 'test', communities: [] }))
  return [{ name: 'own', routes }]
}

/** A small generator with a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
