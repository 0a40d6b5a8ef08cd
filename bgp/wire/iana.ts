/** Numbers of the IANA registries, under their RFC names. */

export const MessageType = { Open: 1, Update: 2, Notification: 3, Keepalive: 4, RouteRefresh: 5 } as const

export const Afi = { IPv4: 1, IPv6: 2 } as const
export const Safi = { Unicast: 1 } as const

export const CapabilityCode = {
  MultiprotocolExtensions: 1,
  RouteRefresh: 2,
  OutboundRouteFilter: 3,
  ExtendedNextHop: 5,
  ExtendedMessage: 6,
  Role: 9,
  GracefulRestart: 64,
  FourOctetAsn: 65,
  AddPath: 69,
  EnhancedRouteRefresh: 70,
  LongLivedGracefulRestart: 71,
} as const

export const AttributeCode = {
  Origin: 1,
  AsPath: 2,
  NextHop: 3,
  Med: 4,
  LocalPref: 5,
  AtomicAggregate: 6,
  Aggregator: 7,
  Communities: 8,
  OriginatorId: 9,
  ClusterList: 10,
  MpReach: 14,
  MpUnreach: 15,
  ExtendedCommunities: 16,
  As4Path: 17,
  As4Aggregator: 18,
  Pmsi: 22,
  TunnelEncapsulation: 23,
  TrafficEngineering: 24,
  Ipv6ExtendedCommunities: 25,
  Aigp: 26,
  LargeCommunities: 32,
  OnlyToCustomer: 35,
  PrefixSid: 40,
  AttrSet: 128,
} as const

export const AttributeFlag = { Optional: 0x80, Transitive: 0x40, Partial: 0x20, ExtendedLength: 0x10 } as const

export const SegmentType = { Set: 1, Sequence: 2, ConfedSequence: 3, ConfedSet: 4 } as const

export const Origin = { Igp: 0, Egp: 1, Incomplete: 2 } as const

/** What a 2-octet speaker sees in place of a larger AS (RFC 6793). */
export const AS_TRANS = 23456

export const NotificationCode = {
  MessageHeader: 1,
  Open: 2,
  Update: 3,
  HoldTimerExpired: 4,
  FiniteStateMachine: 5,
  Cease: 6,
  RouteRefresh: 7,
  SendHoldTimerExpired: 8,
} as const

export const HeaderError = { NotSynchronized: 1, BadLength: 2, BadType: 3 } as const

export const OpenError = {
  Unspecific: 0,
  UnsupportedVersion: 1,
  BadPeerAs: 2,
  BadBgpIdentifier: 3,
  UnsupportedOptionalParameter: 4,
  UnacceptableHoldTime: 6,
  UnsupportedCapability: 7,
  RoleMismatch: 11,
} as const

export const UpdateError = {
  MalformedAttributeList: 1,
  UnrecognizedWellKnown: 2,
  MissingWellKnown: 3,
  AttributeFlags: 4,
  AttributeLength: 5,
  InvalidOrigin: 6,
  InvalidNextHop: 8,
  OptionalAttribute: 9,
  InvalidNetworkField: 10,
  MalformedAsPath: 11,
} as const

/** RFC 6608. */
export const FsmError = { UnexpectedInOpenSent: 1, UnexpectedInOpenConfirm: 2, UnexpectedInEstablished: 3 } as const

/** RFC 4486, RFC 8538, RFC 9384. */
export const CeaseError = {
  MaximumPrefixes: 1,
  AdministrativeShutdown: 2,
  PeerDeconfigured: 3,
  AdministrativeReset: 4,
  ConnectionRejected: 5,
  OtherConfigurationChange: 6,
  ConnectionCollision: 7,
  OutOfResources: 8,
  HardReset: 9,
  BfdDown: 10,
} as const

/** RFC 7313, section 3.2. */
export const RefreshSubtype = { Request: 0, Begin: 1, End: 2 } as const

export const RefreshError = { InvalidLength: 1 } as const
