import type { Address } from '../../routing/ip/address.ts'
import type { Claim, Sharing } from './claim.ts'

/** Who has which address. Two Services have the same one only by sharing. */
export class Holders {
  readonly #of = new Map<Address, Set<Claim>>()
  /** Addresses that are shared by a key. */
  readonly #byKey = new Map<string, Address[]>()
  /** How far the addresses of a key were found to be of no use for Services that are alike. */
  readonly #triedUpTo = new Map<string, number>()

  get addresses(): Iterable<Address> {
    return this.#of.keys()
  }

  has(address: Address): boolean {
    return this.#of.has(address)
  }

  add(address: Address, claim: Claim): void {
    const holders = this.#of.get(address)
    if (holders?.has(claim)) return
    if (holders === undefined) this.#of.set(address, new Set([claim]))
    else holders.add(claim)
    if (claim.sharing === undefined || (holders !== undefined && holders.size > 1)) return
    const shared = this.#byKey.get(claim.sharing.key)
    if (shared === undefined) this.#byKey.set(claim.sharing.key, [address])
    else shared.push(address)
  }

  remove(address: Address, claim: Claim): void {
    const holders = this.#of.get(address)
    holders?.delete(claim)
    if (holders?.size === 0) this.#of.delete(address)
    // What was of no use may be of use now.
    this.#triedUpTo.clear()
  }

  /** Why the claim cannot have the address beside those that have it; undefined: it can. */
  objection(address: Address, claim: Claim): string | undefined {
    for (const other of this.#of.get(address) ?? []) {
      if (other === claim) continue
      const why = whyNotShared(claim, other)
      if (why !== undefined) return `Service ${other.name} has ${address}: ${why}`
    }
    return undefined
  }

  /** An address of the claim's sharing key that it may have too. Services that are alike do not try the same again. */
  shareable(claim: Claim, isFit: (address: Address) => boolean, purpose: string): Address | undefined {
    const { sharing } = claim
    if (sharing === undefined) return undefined
    const addresses = this.#byKey.get(sharing.key) ?? []
    const alike = JSON.stringify([sharing, claim.namespace, purpose])
    let i = this.#triedUpTo.get(alike) ?? 0
    for (; i < addresses.length; i++) {
      const address = addresses[i]!
      if (this.has(address) && isFit(address) && this.objection(address, claim) === undefined) break
    }
    this.#triedUpTo.set(alike, i)
    return addresses[i]
  }
}

function whyNotShared(a: Claim, b: Claim): string | undefined {
  if (a.sharing === undefined || b.sharing === undefined) return 'both need routelet.io/sharing-key to share it'
  if (a.sharing.key !== b.sharing.key) return 'the sharing keys differ'
  if (!allows(a.sharing, a.namespace, b.namespace) || !allows(b.sharing, b.namespace, a.namespace))
    return 'it is of another namespace, and not both allow that by routelet.io/sharing-cross-namespace'
  const port = a.sharing.ports.find((one) => b.sharing?.ports.includes(one))
  if (port !== undefined) return `both use ${port}`
  if (a.sharing.backend !== b.sharing.backend)
    return 'both need the same externalTrafficPolicy, and with Local the same selector'
  return undefined
}

function allows({ namespaces }: Sharing, own: string, other: string): boolean {
  return own === other || namespaces.includes('*') || namespaces.includes(other)
}
