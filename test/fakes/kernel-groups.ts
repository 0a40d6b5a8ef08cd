import { constants } from 'node:os'
import type { KernelGroup } from '../../routing/fib/kernel-routes.ts'
import type { GroupId } from '../../routing/fib/kernel-target.ts'
import { NextHopWords } from '../../routing/fib/next-hop-words.ts'
import type { GroupChange } from '../../routing/fib/route-batch.ts'
import { address } from '../../routing/ip/address.ts'
import type { HopText } from './route-text.ts'

interface FakeGroup {
  readonly protocol: number
  nextHops: readonly HopText[]
}

/** The next-hop groups of a fake kernel. */
export class FakeGroups {
  #groups = new Map<GroupId, FakeGroup>()

  get ids(): GroupId[] {
    return [...this.#groups.keys()]
  }

  texts(): string[] {
    const text = ({ gateway, dev, weight }: HopText) => `via ${gateway} dev ${dev} weight ${weight}`
    return [...this.#groups.values()].map(({ nextHops }) => nextHops.map(text).sort().join(' ')).sort()
  }

  nextHopsOf(id: GroupId): readonly HopText[] | undefined {
    return this.#groups.get(id)?.nextHops
  }

  /** Carries a change out as the kernel would; its errno. */
  change({ id, exists }: GroupChange, protocol: number, nextHops: readonly HopText[]): number {
    if (exists !== this.#groups.has(id)) return exists ? constants.errno.ENOENT : constants.errno.EEXIST
    if (nextHops.length === 0) this.#groups.delete(id)
    else this.#groups.set(id, { protocol, nextHops })
    return 0
  }

  delete(id: GroupId): void {
    this.#groups.delete(id)
  }

  /** A link goes down: next hops over it are gone, and groups without any. */
  cutOff(dev: string): void {
    for (const [id, group] of this.#groups) {
      group.nextHops = group.nextHops.filter((hop) => hop.dev !== dev)
      if (group.nextHops.length === 0) this.#groups.delete(id)
    }
  }

  view(id: GroupId, indexOf: (dev: string) => number): KernelGroup {
    const { protocol, nextHops } = this.#groups.get(id)!
    const words = new NextHopWords()
    for (const { gateway, dev, weight } of nextHops)
      words.add(indexOf(dev), weight, gateway === undefined ? undefined : address(gateway))
    words.normalize()
    return { id, protocol, nextHops: words }
  }
}
