import { type Address, addressFromWords, compareAddresses } from '../../routing/ip/address.ts'
import type { FamilyName, NextHopResolver } from '../contract.ts'
import { FAMILIES } from '../wire/families.ts'
import { AttributesTable } from './attributes-table.ts'
import { Decision } from './decision.ts'
import { Distribution } from './distribution.ts'
import type { SetSource } from './fields.ts'
import { NextHops } from './next-hops.ts'
import { Rib } from './rib.ts'

/** Who a slot stands for. */
export interface SlotOwner {
  readonly name: string
  readonly address: Address
  readonly source: SetSource
}

/** Slot of the routes that the speaker itself originates. */
export const LOCAL_SLOT = 1

/** All tables of a speaker, and the slots that tie routes to peers. */
export class Tables {
  readonly nextHops: NextHops
  readonly sets: AttributesTable
  readonly decision: Decision
  readonly ribs: ReadonlyMap<FamilyName, Rib>
  readonly distributions: ReadonlyMap<FamilyName, Distribution>
  readonly #owners: (SlotOwner | undefined)[] = []
  /** Given back, but some set may still name them. */
  readonly #retired: number[] = []

  constructor(random: () => number, resolve: NextHopResolver | undefined) {
    const seed = () => Math.floor(random() * 0xffffffff)
    this.nextHops = new NextHops(resolve)
    this.sets = new AttributesTable(seed(), this.nextHops)
    this.decision = new Decision(this.sets, (a, b) => this.#comparePeers(a, b))
    this.ribs = new Map(FAMILIES.map((family) => [family.name, new Rib(family, this.sets, this.decision, seed())]))
    this.distributions = new Map([...this.ribs].map(([name, rib]) => [name, new Distribution(rib, this.sets)]))
    const address = addressFromWords(4, 0)
    this.#owners[LOCAL_SLOT] = { name: 'local', address, source: localSource() }
  }

  /** A slot that no set names. */
  takeSlot(owner: (slot: number) => SlotOwner): number {
    const reusable = this.#retired.findIndex((slot) => this.sets.setsOf(slot) === 0 && !this.#hasRows(slot))
    const slot = reusable >= 0 ? this.#retired.splice(reusable, 1)[0]! : Math.max(this.#owners.length, LOCAL_SLOT + 1)
    this.#owners[slot] = owner(slot)
    return slot
  }

  /** The owner's rows must be gone, or be going: see `Sweeps`. */
  retireSlot(slot: number): void {
    this.#retired.push(slot)
  }

  ownerOf(slot: number): SlotOwner | undefined {
    return this.#owners[slot]
  }

  sourceOf(slot: number): SetSource {
    return this.#owners[slot]!.source
  }

  #hasRows(slot: number): boolean {
    for (const rib of this.ribs.values()) if ((rib.received[slot] ?? 0) > 0) return true
    return false
  }

  #comparePeers(a: number, b: number): number {
    return compareAddresses(this.#owners[a]!.address, this.#owners[b]!.address) || a - b
  }
}

function localSource(): SetSource {
  return {
    slot: LOCAL_SLOT,
    external: false,
    local: true,
    client: false,
    localAsn: 0,
    allowOwnAsn: 0,
    remoteAsn: 0,
    role: undefined,
    remoteIdentifier: 0,
    localIdentifier: 0,
    clusterId: 0,
    ownClusterIds: [],
    interfaceName: undefined,
  }
}
