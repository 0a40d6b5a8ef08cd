/** Why a wanted route is not given to the kernel. The order is the number they are kept by. */
export const REFUSALS = [
  'OwnPrefix',
  'ProtectedAddress',
  'InsideLocalSubnet',
  'DefaultRoute',
  'CoversLocalSubnet',
  'CoversOwnPrefix',
  'CoversProtectedAddress',
  'ForeignRoute',
] as const
export type Refusal = (typeof REFUSALS)[number]

/** In words, for people. */
export const REFUSAL_WORDS: Readonly<Record<Refusal, string>> = {
  OwnPrefix: 'it is, or lies inside, a prefix of this node itself',
  ProtectedAddress: 'it is the address of the API server or of a peer',
  InsideLocalSubnet: 'it is, or lies inside, a subnet this node is connected to',
  DefaultRoute: 'it is the default route, and no policy rule names it',
  CoversLocalSubnet: 'it covers a subnet this node is connected to, and no policy rule names it',
  CoversOwnPrefix: 'it covers the pod CIDR of this node, and no policy rule names it',
  CoversProtectedAddress: 'it covers the address of the API server or of a peer, and no policy rule names it',
  ForeignRoute: 'another program has a route with this prefix and metric',
}

/** 0 stands for none. */
export type RefusalCode = number

export function refusalCode(refusal: Refusal): RefusalCode {
  return REFUSALS.indexOf(refusal) + 1
}

export function refusalOf(code: RefusalCode): Refusal | undefined {
  return REFUSALS[code - 1]
}
