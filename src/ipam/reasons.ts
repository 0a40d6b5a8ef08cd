/** Why a Service has not the addresses it should have; the reference page shows them. */
export const reasons = {
  InvalidRequest: 'What the Service asks for cannot be: the message says which annotation or field.',
  UnknownPool: 'There is no IPAddressPool of the name in `routelet.io/pool`.',
  NotAllowed: 'The selectors of the IPAddressPool that is asked for do not select the Service.',
  PoolOverlaps: 'The IPAddressPool overlaps an older one and gives out nothing.',
  NoPool: 'No IPAddressPool with addresses of the family may serve the Service.',
  PoolExhausted: 'The IPAddressPools that may serve the Service have no free address; it gets one when there is one.',
  NotInPool: 'The address that is asked for is in no IPAddressPool, or not in the one that is asked for.',
  AddressInUse: 'Another Service has the address that is asked for, and they cannot share it.',
  OutsidePools: 'The address that the Service has is in no IPAddressPool any more. It stays.',
} as const

export type Reason = keyof typeof reasons
