/**
 * What one peer may fill, whatever is configured: far above what any network needs, far below what would hurt the
 * others. A route over one of the first three is treated as withdrawn (RFC 7606 leaves the reason open).
 */
export const BOUNDS = {
  /** AS numbers in one AS_PATH; the longest seen on the Internet had some hundreds. */
  asPathLength: 1024,
  /** Communities of each kind on one route. */
  communities: 2048,
  /** Octets of any one attribute. */
  attributeOctets: 32_768,
  /** Octets of all different sets of attributes of one peer; over that the session restarts. */
  attributeOctetsOfPeer: 1024 * 1024 * 1024,
} as const
