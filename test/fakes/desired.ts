import type { SpeakerConfig } from '../../bgp/contract.ts'
import { address } from '../../routing/ip/address.ts'
import type { DesiredState } from '../../src/contract.ts'

/** A desired state with nothing in it but what a test asks for. */
export function desired(speaker: Partial<SpeakerConfig> = {}, rest: Partial<DesiredState> = {}): DesiredState {
  return {
    speaker: {
      asn: 64512,
      bgpIdentifier: address('10.0.0.1'),
      peers: [],
      listenRanges: [],
      originationSets: [],
      policies: [],
      maxPaths: 1,
      ...speaker,
    },
    announcements: [],
    problems: [],
    ...rest,
  }
}
