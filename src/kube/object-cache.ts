import { isDeepStrictEqual } from 'node:util'
import type { Problem } from '../contract.ts'
import type { Condition } from '../kinds/common.ts'
import { type Parsed, parseObject, type RoutingObject } from '../objects/parse.ts'
import { isRecord } from '../objects/read.ts'

/** What is known of one object of the API. */
export interface Entry {
  readonly kind: string
  readonly name: string
  /** Its last version without fault; it stays in force while a newer one has faults. */
  readonly good?: RoutingObject
  /** What is wrong with the newest version. */
  readonly problems: readonly Problem[]
  readonly uid: string
  readonly generation: number
  /** Of the newest version that was seen. */
  readonly resourceVersion: string
  /** The condition of the cache's type that stands in its status now, by whomever it was written. */
  readonly condition?: Condition
  /** All of its status, as it came, where the cache keeps that. */
  readonly status?: unknown
}

/** What a cache keeps of the status of its objects. */
export interface Reading {
  /** Type of the condition that entries show; `Accepted` unless it is said. */
  readonly conditionType?: string
  readonly keepsStatus?: boolean
}

/** The objects of one kind, read by the one parser. A bad object stops none of the others. */
export class ObjectCache {
  readonly #changed: () => void
  readonly #reading: Reading
  #entries = new Map<string, Entry>()
  /** The whole list has been seen once. */
  full = false

  constructor(changed: () => void, reading: Reading = {}) {
    this.#changed = changed
    this.#reading = reading
  }

  get entries(): Iterable<Entry> {
    return this.#entries.values()
  }

  replace(objects: readonly unknown[]): void {
    const before = this.#entries
    this.#entries = new Map()
    let differs = !this.full
    for (const raw of objects) {
      const key = keyOf(raw)
      const entry = entryOf(raw, before.get(key), this.#reading)
      this.#entries.set(key, entry)
      differs ||= !saysTheSame(entry, before.get(key))
    }
    this.full = true
    if (differs || before.size !== this.#entries.size) this.#changed()
  }

  put(raw: unknown): void {
    const key = keyOf(raw)
    const before = this.#entries.get(key)
    const entry = entryOf(raw, before, this.#reading)
    this.#entries.set(key, entry)
    // Most changes (heartbeats, fields we do not read) change nothing for us.
    if (!saysTheSame(entry, before)) this.#changed()
  }

  remove(raw: unknown): void {
    if (this.#entries.delete(keyOf(raw))) this.#changed()
  }
}

function saysTheSame(entry: Entry, before: Entry | undefined): boolean {
  return before !== undefined && isDeepStrictEqual({ ...entry, resourceVersion: before.resourceVersion }, before)
}

function entryOf(raw: unknown, before: Entry | undefined, reading: Reading): Entry {
  const parsed: Parsed = parseObject(raw, { position: 'an object without name' })
  const metadata = metadataOf(raw)
  const condition = conditionOf(raw, reading.conditionType ?? 'Accepted')
  const good = parsed.ok ? parsed.object : before?.good
  return {
    kind: isRecord(raw) ? String(raw['kind']) : '',
    name: String(metadata['name']),
    ...(good && { good }),
    problems: parsed.ok ? [] : parsed.problems,
    uid: String(metadata['uid'] ?? ''),
    generation: Number(metadata['generation'] ?? 0),
    resourceVersion: String(metadata['resourceVersion'] ?? ''),
    ...(condition && { condition }),
    ...(reading.keepsStatus && isRecord(raw) && { status: raw['status'] }),
  }
}

function keyOf(raw: unknown): string {
  const { namespace = '', name } = metadataOf(raw)
  return `${namespace}/${name}`
}

function metadataOf(raw: unknown): Record<string, unknown> {
  return isRecord(raw) && isRecord(raw['metadata']) ? raw['metadata'] : {}
}

function conditionOf(raw: unknown, type: string): Condition | undefined {
  const status = isRecord(raw) ? raw['status'] : undefined
  const conditions = isRecord(status) && Array.isArray(status['conditions']) ? status['conditions'] : []
  // The API server has held it to its schema.
  return conditions.find((one): one is Condition => isRecord(one) && one['type'] === type)
}
