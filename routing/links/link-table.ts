import type { Address } from '../ip/address.ts'
import { contains, hostPrefix, type Prefix, type PrefixWords, prefixWords } from '../ip/prefix.ts'
import type { Link } from './kernel-links.ts'

interface Subnet {
  readonly words: PrefixWords
  readonly link: Link
}

/** The links as they were last read, ready for questions. */
export class LinkTable {
  readonly links: readonly Link[]
  #byName: ReadonlyMap<string, Link>
  #byIndex: ReadonlyMap<number, Link>
  #addresses: ReadonlySet<Address>
  /** Of links that are up, the longest first. */
  #subnets: readonly Subnet[]

  constructor(links: readonly Link[]) {
    this.links = links
    this.#byName = new Map(links.map((link) => [link.name, link]))
    this.#byIndex = new Map(links.map((link) => [link.index, link]))
    this.#addresses = new Set(links.flatMap((link) => link.addresses.map((each) => each.address)))
    this.#subnets = links
      .filter((link) => link.up)
      .flatMap((link) => subnetsOf(link).map((subnet) => ({ words: prefixWords(subnet), link })))
      .sort((a, b) => b.words.length - a.words.length)
  }

  named(name: string): Link | undefined {
    return this.#byName.get(name)
  }

  indexed(index: number): Link | undefined {
    return this.#byIndex.get(index)
  }

  isOwn(address: Address): boolean {
    return this.#addresses.has(address)
  }

  /** The link on whose subnet this address is. */
  linkTowards(address: Address): Link | undefined {
    const host = prefixWords(hostPrefix(address))
    return this.#subnets.find((each) => contains(each.words, host))?.link
  }

  get localAddresses(): readonly Address[] {
    return [...this.#addresses]
  }

  /** Name of a link that is up → the router last heard on it. We hear ourselves too, and are not meant. */
  get routers(): ReadonlyMap<string, Address> {
    const found = new Map<string, Address>()
    for (const { name, up, addresses, routers = [] } of this.links) {
      const router = routers.find((heard) => !addresses.some(({ address }) => address === heard))
      if (up && router !== undefined) found.set(name, router)
    }
    return found
  }

  /** Of links that are up. */
  get localSubnets(): readonly Prefix[] {
    return [...new Set(this.links.filter((link) => link.up).flatMap(subnetsOf))]
  }
}

function subnetsOf(link: Link): Prefix[] {
  return link.addresses.flatMap((each) => each.subnet ?? [])
}
