import type { FamilyName, ListenRangeConfig, PeerConfig, PeerOptions } from '../../bgp/contract.ts'
import { type Address, type Family, familyOf } from '../../routing/ip/address.ts'
import type { SecretRef } from '../kinds/common.ts'
import { ACCEPT_ALL, OWN_ROUTES_ONLY } from './policies.ts'
import type { NodeView } from './snapshot.ts'
import { asnOf, type Context, firstOfEachFamily, type Self } from './viewpoint.ts'

/** A session, or a range of them, before it is known what is originated towards it. */
export type Session = (
  | { readonly type: 'peer'; readonly config: PeerConfig }
  | { readonly type: 'range'; readonly config: ListenRangeConfig }
) & {
  /** The BGPPeer it comes from; absent for mesh and reflector sessions. */
  readonly source?: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    /** The field that names the peer: `spec.address`. */
    readonly path: string
  }
}

export const FAMILY_NAME: Readonly<Record<Family, FamilyName>> = { 4: 'ipv4-unicast', 6: 'ipv6-unicast' }

/** How many paths per prefix are sent, and whether several are taken (RFC 7911). */
export type AddPath = NonNullable<PeerOptions['addPath']>

/** What every mesh and reflector session has in common. */
export function topologySession(
  context: Context,
  about: {
    readonly name: string
    readonly remoteAddress: Address
    readonly remoteAsn: number
    readonly families: readonly FamilyName[]
    readonly client?: boolean
    readonly passive?: boolean
    readonly addPath?: AddPath
  },
): Session {
  const { self } = context
  const { client = false, passive = false, remoteAsn } = about
  const external = remoteAsn !== self.asn
  const localAddress = self.sessionAddresses.find((own) => familyOf(own) === familyOf(about.remoteAddress))
  const password = passwordOf(context, context.config.spec.topology.passwordSecretRef, {
    object: 'RoutingConfig default',
    path: 'spec.topology.passwordSecretRef',
  })
  const config: PeerConfig = {
    name: about.name,
    remoteAddress: about.remoteAddress,
    port: context.config.spec.listenPort || 179,
    ...(localAddress && { localAddress }),
    passive,
    remoteAsn,
    localAsn: self.asn,
    families: about.families,
    timers: { holdSeconds: 90, keepaliveSeconds: 30, connectRetrySeconds: 5 },
    routeReflectorClient: client && !external,
    nextHop: 'auto',
    allowOwnAsn: 0,
    extendedNextHop: true,
    ...(about.addPath && { addPath: about.addPath }),
    // Nodes of one cluster trust each other whatever their AS; RFC 8212 is about the world outside.
    ...(external && { importPolicies: [ACCEPT_ALL], exportPolicies: [client ? ACCEPT_ALL : OWN_ROUTES_ONLY] }),
    ...(external && { multihopTtl: 255 }),
    ...password,
  }
  return { type: 'peer', config }
}

/**
 * The session with another node, if the two have a family in common: one, over IPv4 where both have it, for the routes
 * of every family that both have.
 */
export function sessionWithNode(
  context: Context,
  other: NodeView,
  about: {
    readonly name: string
    readonly client?: boolean
    readonly passive?: boolean
    readonly addPath?: AddPath
  },
): Session[] {
  const addresses = commonAddresses(context.self, other)
  const [remoteAddress] = addresses
  if (remoteAddress === undefined) return []
  const remoteAsn = asnOf(other, context.config)
  return [topologySession(context, { ...about, remoteAddress, remoteAsn, families: familiesOf(addresses) })]
}

/** Addresses of the other node in the families that we have too, IPv4 first. */
export function commonAddresses(self: Self, other: NodeView): Address[] {
  const theirs = firstOfEachFamily(other.internalAddresses)
  // A reflector takes whatever family its clients come by.
  if (self.role === 'reflector') return theirs
  return theirs.filter((address) => self.sessionAddresses.some((own) => familyOf(own) === familyOf(address)))
}

export function familiesOf(addresses: readonly Address[]): FamilyName[] {
  return addresses.map((address) => FAMILY_NAME[familyOf(address)])
}

/** The password a reference names, or that the session has to wait for it. */
export function passwordOf(
  { cluster, report }: Context,
  ref: SecretRef | undefined,
  at: { readonly object: string; readonly path: string },
): Pick<PeerOptions, 'password'> & Pick<PeerConfig, 'heldDown'> {
  if (ref === undefined) return {}
  const secret = cluster.secrets.get(ref.name)
  const password = secret?.get(ref.key)
  if (password !== undefined && password !== '' && Buffer.byteLength(password) <= LONGEST_PASSWORD) return { password }
  const why = password === undefined ? missing(ref, secret !== undefined) : unfit(ref, password)
  report({ kind: 'Pending', object: at.object, path: at.path, message: `${why}; the session is held down` })
  return { heldDown: why }
}

/** TCP MD5 of Linux takes no more. */
const LONGEST_PASSWORD = 80

function missing({ name, key }: SecretRef, exists: boolean): string {
  return exists ? `Secret ${name} has no key ${key}` : `there is no Secret ${name}`
}

function unfit({ name, key }: SecretRef, password: string): string {
  return `the password in Secret ${name}, key ${key}, has ${Buffer.byteLength(password)} octets, and 1 to ${LONGEST_PASSWORD} will do`
}
