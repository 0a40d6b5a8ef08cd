import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../bgp/ports.ts'
import { API_VERSION } from '../kinds/kind.ts'
import type { NodeRoutingStatus } from '../kinds/node-routing.ts'
import type { KubeClient } from './client.ts'
import { acceptedCondition } from './conditions.ts'
import { nodeRoutingStatus, type Observed } from './node-status.ts'
import type { Entry } from './object-cache.ts'
import { objectPath } from './resources.ts'

export interface StatusPorts {
  readonly clock: Clock
  readonly random: () => number
  readonly client: KubeClient
}

/** What the writer looks at each time. */
export interface StatusFacts {
  readonly nodeName: string
  readonly nodeUid?: string
  readonly observed?: Observed
  /** Objects of our kinds. */
  readonly entries: Iterable<Entry>
}

/** Between two writes; what changes all the time is not worth a write before the longer time is over. */
const INTERVAL_MS = 3_000
const COUNTERS_MS = 60_000
const FIELD_MANAGER = 'routelet-agent'

/** Writes NodeRouting.status and the condition `Accepted` of our objects: seldom, and only what changed. */
export class StatusWriter {
  readonly #ports: StatusPorts
  readonly #facts: () => StatusFacts
  #written: NodeRoutingStatus | undefined
  #writtenAt = 0
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(ports: StatusPorts, facts: () => StatusFacts) {
    this.#ports = ports
    this.#facts = facts
  }

  /** Something may have changed. */
  touch(): void {
    if (this.#stopped) return
    const ms = INTERVAL_MS * (0.5 + this.#ports.random())
    this.#cancelTimer ??= this.#ports.clock.after(ms, () => void this.#write())
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
  }

  async #write(): Promise<void> {
    const facts = this.#facts()
    let again = false
    try {
      again = await this.#writeNode(facts)
      again = (await this.#writeConditions(facts.entries)) || again
    } catch {
      // The followers tell that the server is away; what is not written now is written then.
      again = true
    }
    this.#cancelTimer = undefined
    if (again) this.touch()
  }

  /** True when there is something left to write later. */
  async #writeNode({ nodeName, nodeUid, observed }: StatusFacts): Promise<boolean> {
    if (observed === undefined) return false
    const { clock } = this.#ports
    const status = nodeRoutingStatus(observed, this.#written, clock.wallTime())
    if (isDeepStrictEqual(status, this.#written)) return false
    const countersOnly = isDeepStrictEqual(withoutCounters(status), this.#written && withoutCounters(this.#written))
    if (countersOnly && clock.now() - this.#writtenAt < COUNTERS_MS) return true

    if (this.#written === undefined) await this.#apply('NodeRouting', nodeName, { metadata: owned(nodeName, nodeUid) })
    await this.#apply('NodeRouting', nodeName, { metadata: { name: nodeName }, status }, '/status')
    this.#written = status
    this.#writtenAt = clock.now()
    return false
  }

  async #writeConditions(entries: Iterable<Entry>): Promise<boolean> {
    let failed = false
    for (const entry of entries) {
      const condition = acceptedCondition(entry, this.#ports.clock.wallTime())
      if (condition === undefined) continue
      const { kind, name, uid } = entry
      // With the uid, an object that is gone by now is not made anew.
      const value = { metadata: { name, uid }, status: { conditions: [condition] } }
      await this.#apply(kind, name, value, '/status').catch(() => {
        failed = true
      })
    }
    return failed
  }

  async #apply(kind: string, name: string, value: object, subresource = ''): Promise<void> {
    const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, force: 'true' })
    await this.#ports.client.request('PATCH', `${objectPath(kind, name)}${subresource}?${query}`, {
      type: 'application/apply-patch+yaml',
      value: { apiVersion: API_VERSION, kind, ...value },
    })
  }
}

/** Goes away with its Node. */
function owned(name: string, uid: string | undefined): object {
  if (uid === undefined || uid === '') return { name }
  return { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] }
}

/** What people wait for: not how many routes there are, nor each attempt of a session that does not come up. */
function withoutCounters({ routes, sessions, ...rest }: NodeRoutingStatus): object {
  return { ...rest, sessions: sessions?.map(({ families, ...session }) => settled(session)) }
}

function settled({ state, since, lastError, ...session }: Omit<Session, 'families'>): object {
  if (state === 'Established') return { ...session, since }
  return { ...session, error: lastError && [lastError.code, lastError.subcode, lastError.text] }
}

type Session = NonNullable<NodeRoutingStatus['sessions']>[number]
