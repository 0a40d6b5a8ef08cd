import { ServicePlan } from '../../../src/controller/service-plan.ts'
import type { Pools } from '../../../src/ipam/pools.ts'
import type { Condition } from '../../../src/kinds/common.ts'
import { claim, type Facts, serviceObject } from '../ipam/services.ts'

/** A Service as an API server has it. */
interface Stored {
  readonly name: string
  readonly uid: string
  readonly version: number
  readonly age: number
  readonly facts: Facts
  readonly has: readonly string[]
  readonly condition?: Condition
}

/** A status that was sent and has not come yet. */
interface Write {
  readonly uid: string
  readonly version: string
  readonly ingress?: readonly string[]
  readonly condition?: Condition
}

interface Patch {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string }
  readonly status: {
    readonly loadBalancer?: { readonly ingress: readonly { readonly ip: string }[] }
    readonly conditions: readonly (Condition & { readonly $patch?: string })[]
  }
}

/** An API server, the controllers that lead one after the other, and their writes, which come late and in any order. */
export class World {
  readonly services = new Map<string, Stored>()
  readonly sent: Write[] = []
  now = Date.UTC(2030, 0, 1)
  of: Pools
  #versions = 0
  #seen: readonly Stored[] = []
  #plan = new ServicePlan(true, new Map())

  constructor(of: Pools) {
    this.of = of
  }

  /** Who shares what stays; what a Service asks for may change. */
  put(name: string, facts: Facts): void {
    const before = this.services.get(name)
    const version = ++this.#versions
    if (before === undefined) {
      this.services.set(name, { name, uid: `${name} ${version}`, version, age: version, facts, has: [] })
      return
    }
    const { key, ports, local, crossNamespace } = before.facts as Required<Facts>
    this.services.set(name, { ...before, version, facts: { ...facts, key, ports, local, crossNamespace } })
  }

  see(): void {
    this.#seen = [...this.services.values()]
  }

  /** The leader dies, or is held up with its writes on their way; the next one reads everything anew. */
  newLeader(): void {
    this.#plan = new ServicePlan(false, new Map())
    this.see()
  }

  run(): number {
    const seen = this.#seen.map((one) => {
      const facts = { ...one.facts, has: one.has, age: one.age }
      const { uid, version, condition } = one
      const entry = { uid, resourceVersion: String(version), ...(condition && { condition }) }
      return { entry, service: serviceObject(one.name, facts), claim: { ...claim(one.name, facts), uid } }
    })
    const { writes } = this.#plan.update(seen, this.of, this.now)
    for (const { change } of writes) {
      const { metadata, status } = change.patch as Patch
      const [condition] = status.conditions
      this.sent.push({
        uid: metadata.uid,
        version: metadata.resourceVersion,
        ...(status.loadBalancer && { ingress: status.loadBalancer.ingress.map(({ ip }) => ip) }),
        ...(condition && condition.$patch === undefined && { condition }),
      })
    }
    return writes.length
  }

  /** One write comes; what is wrong then. */
  arrive(index: number): string[] {
    const [write] = this.sent.splice(index % this.sent.length, 1)
    const stored = [...this.services.values()].find(({ uid }) => uid === write?.uid)
    if (write === undefined || stored === undefined || String(stored.version) !== write.version) return []
    const { condition: _, ...rest } = stored
    const after = {
      ...rest,
      version: ++this.#versions,
      has: write.ingress ?? stored.has,
      ...(write.condition && { condition: write.condition }),
    }
    this.services.set(stored.name, after)
    const gained = after.has.filter((address) => !stored.has.includes(address))
    return [...this.services.values()].flatMap((other) => {
      const common = gained.find((address) => other.has.includes(address))
      return other === after || common === undefined || mayShare(after, other)
        ? []
        : [`${after.name} gets ${common}, which ${other.name} has`]
    })
  }
}

/** Judged from the rules in words, not by the allocator. */
function mayShare({ name: a, facts: x }: Stored, { name: b, facts: y }: Stored): boolean {
  const namespace = (name: string) => name.split('/')[0]
  return (
    x.key !== '' &&
    x.key === y.key &&
    !x.ports!.some((port) => y.ports!.includes(port)) &&
    x.local === y.local &&
    (!x.local || a.split('/')[1] === b.split('/')[1]) &&
    (namespace(a) === namespace(b) || (x.crossNamespace === '*' && y.crossNamespace === '*'))
  )
}
