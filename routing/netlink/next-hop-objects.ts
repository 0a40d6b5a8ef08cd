import type { KernelGroup } from '../fib/kernel-routes.ts'
import type { GroupId, KernelNextHop } from '../fib/kernel-target.ts'
import { NextHopWords } from '../fib/next-hop-words.ts'
import type { GroupChange } from '../fib/route-batch.ts'
import type { Message } from './message.ts'
import { decodeObject, type NextHopObject } from './object-decoder.ts'
import { ObjectEncoder } from './object-encoder.ts'

/** Numbers of single next hops of ours; those of groups lie before. */
const FIRST_MEMBER = 0x0b38_0000
const LAST_MEMBER = 0x0b3f_ffff

/** A single next hop in the kernel, which all groups that have it share. */
interface Member {
  readonly id: number
  readonly key: string
  groups: number
}

/**
 * Next-hop groups as the kernel wants them: of single next hops with numbers of their own, which are made before the
 * first group that has them and removed after the last.
 */
export class NextHopObjects {
  #byKey = new Map<string, Member>()
  #byId = new Map<number, Member>()
  #membersOf = new Map<GroupId, readonly Member[]>()
  /** Numbers that anybody had when all was read last. */
  #taken = new Set<number>()
  #last = FIRST_MEMBER
  /** What a dump has shown up to now. */
  #shown: NextHopObject[] = []

  /** The messages that make, change or remove these groups. */
  encode(changes: readonly GroupChange[], protocol: number, first: number): ObjectEncoder {
    const encoder = new ObjectEncoder(protocol, first)
    for (const [i, { id, nextHops, exists }] of changes.entries()) {
      if (nextHops.length === 0) encoder.remove(i, id)
      else {
        const members = nextHops.map((hop) => ({ id: this.#memberFor(hop, i, encoder).id, weight: hop.weight }))
        encoder.group(i, id, members, exists)
      }
    }
    return encoder
  }

  /** Takes in what came of the changes; messages that remove the next hops no group has any more. What failed is not known until all is read anew. */
  settle(changes: readonly GroupChange[]): Uint8Array[] {
    const left: Member[] = []
    for (const { id, nextHops, errno } of changes) {
      if (errno !== 0) continue
      const before = this.#membersOf.get(id) ?? []
      this.#setMembers(
        id,
        nextHops.flatMap((hop) => this.#byKey.get(keyOf(hop)) ?? []),
      )
      for (const member of before) member.groups--
      left.push(...before)
    }
    return this.#removeUnused(left)
  }

  beginDump(): void {
    this.#shown = []
  }

  shown(message: Message): void {
    const object = decodeObject(message)
    if (object !== undefined) this.#shown.push(object)
  }

  /** All have been shown: tells the groups; messages that remove next hops of ours that no group has. */
  endDump(protocol: number, found: (group: KernelGroup) => void): Uint8Array[] {
    const shown = this.#shown
    this.#shown = []
    this.#byKey.clear()
    this.#byId.clear()
    this.#membersOf.clear()
    this.#taken = new Set(shown.map(({ id }) => id))
    const singles = new Map<number, KernelNextHop>()
    for (const object of shown) {
      if (object.nextHop === undefined) continue
      singles.set(object.id, object.nextHop)
      const isOurs = object.protocol === protocol && object.id >= FIRST_MEMBER && object.id <= LAST_MEMBER
      if (isOurs) this.#add(object.id, object.nextHop)
    }
    for (const { id, protocol: owner, members } of shown) {
      if (members === undefined) continue
      this.#setMembers(
        id,
        members.flatMap((each) => this.#byId.get(each.id) ?? []),
      )
      const nextHops = members.flatMap(({ id: single, weight }) => {
        const hop = singles.get(single)
        return hop === undefined ? [] : [{ ...hop, weight }]
      })
      found({ id, protocol: owner, nextHops: NextHopWords.of(nextHops) })
    }
    return this.#removeUnused([...this.#byId.values()])
  }

  #memberFor(hop: KernelNextHop, change: number, encoder: ObjectEncoder): Member {
    const known = this.#byKey.get(keyOf(hop))
    if (known !== undefined) return known
    do this.#last = this.#last === LAST_MEMBER ? FIRST_MEMBER : this.#last + 1
    while (this.#taken.has(this.#last) || this.#byId.has(this.#last))
    encoder.single(change, this.#last, hop)
    return this.#add(this.#last, hop)
  }

  /** Of two with the same next hop the first is used again. */
  #add(id: number, hop: KernelNextHop): Member {
    const member = { id, key: keyOf(hop), groups: 0 }
    this.#byId.set(id, member)
    if (!this.#byKey.has(member.key)) this.#byKey.set(member.key, member)
    return member
  }

  #setMembers(group: GroupId, members: readonly Member[]): void {
    if (members.length === 0) this.#membersOf.delete(group)
    else this.#membersOf.set(group, members)
    for (const member of members) member.groups++
  }

  /** Nobody waits for an answer: what does not go now is found by the next dump. */
  #removeUnused(members: readonly Member[]): Uint8Array[] {
    const unused = new Set(members.filter(({ groups }) => groups === 0))
    const encoder = new ObjectEncoder(0, 0)
    for (const { id, key } of unused) {
      encoder.remove(0, id)
      this.#byId.delete(id)
      if (this.#byKey.get(key)?.id === id) this.#byKey.delete(key)
    }
    return encoder.parts
  }
}

function keyOf({ interfaceIndex, gateway }: KernelNextHop): string {
  return `${interfaceIndex} ${gateway ?? ''}`
}
