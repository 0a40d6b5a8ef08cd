/** A situation that other suites try BGP speakers with, and the tests of ours that play it. */
export interface Scenario {
  readonly number: number
  readonly area: string
  readonly what: string
  /** `file: title`, the title as it stands in the file. */
  readonly tests: readonly string[]
  /** What of it is not tried, or why nothing is. */
  readonly open?: string
}

const B = 'test/bgp'
const I = 'test/interop'
const CONFORMANCE = 'test/conformance/session.test.ts'
const VECTORS = `${B}/vectors.test.ts: messages of other implementations (ROUTELET_VECTORS names their folder)`
const JUDGE = 'test/fuzz/updates.test.ts: are treated as RFC 7606 says'
const ORACLE =
  'test/fuzz/rib.test.ts: Loc-RIB and what every peer is told are what the last words of all say, whatever came before'
const REFLECTED = `${I}/reflector.test.ts: a route of $from.daemon.name reaches $to.daemon.name as it was`

type Row = readonly [number: number, what: string, tests: readonly string[], open?: string]

const AREAS: Readonly<Record<string, readonly Row[]>> = {
  'State machine and session': [
    [
      1,
      'The same BGP identifier inside an AS is refused with 2/3, between ASes it is not',
      [`${CONFORMANCE}: an OPEN is refused`],
    ],
    [
      2,
      'Both sides connect at once: one session stays, the right one',
      [
        `${B}/collisions.test.ts: two that dial each other end with one session, seed %i`,
        `${CONFORMANCE}: collisions (RFC 4271, 6.8)`,
        `${B}/second-opinions.test.ts: a bad OPEN on the connection that would survive does not cost the good one`,
      ],
    ],
    [
      3,
      'Each wrong message in each state is answered with 5/1, 5/2 or 5/3',
      [
        `${CONFORMANCE}: a message in the wrong state`,
        'test/fuzz/session.test.ts: whatever comes in whatever order, the machine stays on the edges of the RFC and ends cleanly',
      ],
    ],
    [
      4,
      'Hold time: the lower one counts, 1 and 2 are refused, 0 turns it off',
      [
        `${CONFORMANCE}: the lower hold time counts, keepalives go out at a third of it, silence ends the session with 4/0`,
        `${CONFORMANCE}: hold time zero: no keepalive, no end`,
      ],
    ],
    [
      5,
      'A NOTIFICATION as a restart (N bit), and a Hard Reset',
      [
        `${B}/long-lived.test.ts: a NOTIFICATION (RFC 8538)`,
        `${I}/restart.test.ts: NOTIFICATIONs of FRR as restarts (RFC 8538)`,
      ],
    ],
    [
      6,
      'The reason of the last end stays while the session is down',
      [
        `${B}/endings.test.ts: do not hide why the last session ended`,
        `${B}/second-connection.test.ts: the reason why a session is up is its own, not that of the attempt it makes needless`,
      ],
    ],
    [7, 'Capabilities switched off for one peer', [], 'There is no such switch.'],
    [
      8,
      'Optional parameters over 255 octets (RFC 9072)',
      [
        VECTORS,
        `${B}/wire/open.test.ts: has 16-bit lengths once its parameters are longer than 255 octets (RFC 9072, section 2)`,
      ],
      'Our own OPENs are never that long.',
    ],
    [
      9,
      'TCP MD5: right, wrong and changed keys, keys of ranges',
      [
        `${I}/peers.test.ts: TCP MD5: no session with the wrong password, one as soon as it is right`,
        `${I}/keys.test.ts: both change the key one after the other, twice, and the session does not notice`,
        `${B}/keys.test.ts: an attempt with the wrong key is made anew with the right one at once`,
      ],
    ],
    [
      10,
      'Passive peers, listen ranges with limits, strangers',
      [
        `${B}/peer-lifecycle.test.ts: a peer of a listen range`,
        `${B}/dynamic-slots.test.ts: dynamic peers come and go, seed %i`,
        `${CONFORMANCE}: a source nobody is configured for is refused before any OPEN`,
      ],
    ],
    [
      11,
      'Unnumbered: found by router advertisements, link-local next hops',
      [`${I}/unnumbered.test.ts: both find each other by router advertisements, and the session comes up`],
    ],
    [
      12,
      'Router advertisements that lie',
      [
        'test/routing/links/link-table.test.ts: the router of a link is the one heard last that is not ourselves, whose advertisements come back',
      ],
      'The AS is configured, not learned; the router heard last is taken.',
    ],
    [
      13,
      'TTL security and multihop',
      [
        'test/kernel/tcp.test.ts: both ends with GTSM talk',
        'test/kernel/tcp.test.ts: octets that come with too small a TTL are dropped',
        `${I}/sessions.test.ts: talk under GTSM, and not when only one of us means it (RFC 5082)`,
      ],
    ],
    [
      14,
      'A peer that goes on sending garbage, and one that stops',
      [
        `${CONFORMANCE}: and the session comes back by itself within two seconds, again and again`,
        'test/fuzz/octets.test.ts: UPDATEs and refreshes, changed at random, harm nobody else',
        `${I}/garbage.test.ts: is answered by the book, each time`,
        `${I}/garbage.test.ts: is of no concern to FRR and BIRD: their sessions, their routes, and what they say next`,
      ],
    ],
    [15, 'BFD ends a session with 6/10', [], 'BFD is not built yet.'],
    [
      16,
      'Capabilities nobody knows upset nobody',
      [VECTORS, 'test/fuzz/octets.test.ts: OPENs and what follows, changed at random, harm nobody else'],
    ],
  ],
  'Errors in UPDATEs': [
    [17, 'Everything that is treated as withdrawn', [JUDGE, VECTORS]],
    [18, 'Everything of which an attribute is discarded', [JUDGE, VECTORS]],
    [
      19,
      'Everything that ends the session',
      [
        JUDGE,
        VECTORS,
        'test/fuzz/framer.test.ts: any octets give messages or one kind of fault, and the cuts change neither',
      ],
    ],
    [20, 'Flags wrong and right', [JUDGE, VECTORS]],
    [21, 'Lists of attributes to discard or to withdraw on', [], 'There are no such lists.'],
    [22, 'A bad AGGREGATOR costs itself, a bad MED its routes, neither the session', [JUDGE]],
    [
      23,
      'AS 0 in a path or an aggregator',
      [JUDGE, `${B}/wire/open.test.ts: with AS 0 is of AS 0, whatever its capability says (RFC 7607)`],
    ],
    [
      24,
      'AS_SETs are refused',
      [JUDGE, `${B}/update-effects.test.ts: an AS_SET in AS4_PATH is as unwelcome as in AS_PATH (RFC 9774)`],
      'There is no switch to allow them.',
    ],
    [
      25,
      'Too many prefixes are no malformed UPDATE',
      [
        `${B}/prefix-limits.test.ts: a warning at the share and at the limit, each once, and the session goes on with action warn`,
      ],
    ],
    [26, 'Next hops that are none', [VECTORS]],
  ],
  'Reflection and best path': [
    [
      27,
      'Clients hear each other, non-clients do not, attributes stay',
      [REFLECTED, `${B}/speaker.test.ts: tells non-clients only what clients say`, ORACLE],
    ],
    [
      28,
      'Cluster lists over several layers, without loops',
      [ORACLE],
      'With given cluster lists; not with four reflectors in a row.',
    ],
    [
      29,
      'What each client is told, exactly',
      [ORACLE, `${I}/reflector.test.ts: no client is told its own routes, and the reflector installs none`],
    ],
    [30, 'Internal and external peers mixed: the right ones hear of each change', [ORACLE]],
    [
      31,
      'Every step of the decision, with the reason shown',
      [ORACLE],
      'The reason shown is tried for some steps only.',
    ],
    [32, 'By metric and by local preference', [ORACLE]],
    [
      33,
      'AIGP',
      [
        `${B}/update-effects.test.ts: AIGP goes on to internal peers as it came, and to no external one (RFC 7311, section 3.4)`,
      ],
      'It is only passed on.',
    ],
    [
      34,
      'Which kinds of peers may share traffic',
      [
        `${B}/multipath.test.ts: external paths share traffic whatever their AS, internal ones among themselves, and never both`,
      ],
    ],
    [
      35,
      'Many equal paths, taken away one by one',
      [
        `${B}/multipath.test.ts: many equal paths are taken away one by one`,
        'test/kernel/kernel.test.ts: the next run takes over what is there, and writes nothing',
      ],
    ],
    [
      36,
      'The same next hop twice among equal paths',
      [`${B}/multipath.test.ts: a next hop that several tell is one way`],
    ],
    [
      37,
      'Weights by link bandwidth',
      [
        `${B}/weights.test.ts: are as the bandwidths are to each other, and shown`,
        `${B}/weights.test.ts: are equal when one path carries none, when all are zero, and when all are the same`,
      ],
    ],
    [38, 'A recorded network of six routers', [], 'Not tried yet.'],
  ],
  'ADD-PATH': [
    [
      39,
      'The best N for each neighbour',
      [
        `${B}/add-path.test.ts: at most as many as it is to be sent: what falls behind is withdrawn, what takes its place is told`,
        ORACLE,
      ],
    ],
    [
      40,
      'One path is withdrawn, the others stay, with their ids',
      [
        `${B}/add-path.test.ts: a path whose attributes change keeps its identifier`,
        `${I}/add-path.test.ts: withdraws one, and the other stays`,
      ],
    ],
    [41, 'Receiving switched off', [`${B}/add-path.test.ts: says for each family what we do`]],
    [
      42,
      'With graceful and long-lived restart',
      [`${B}/add-path.test.ts: that a restarted peer does not tell again go, one by one (RFC 4724, section 4.2)`],
      'Not with long-lived.',
    ],
    [43, 'Limits of the number of paths', [], 'A draft of the IETF that only FRR knows; not built.'],
  ],
  'Restart and refresh': [
    [
      44,
      'Helper and restarter, timers, a second restart meanwhile',
      [
        `${B}/restart.test.ts: a peer that restarts`,
        `${B}/restart.test.ts: a speaker that restarts itself`,
        `${B}/restart-again.test.ts: a peer that is lost again before it told anything loses what was stale already`,
        `${I}/graceful.test.ts: when one restarts gracefully, nobody loses a route for a moment:`,
      ],
    ],
    [
      45,
      'Routes stay in the kernel over a restart',
      [
        'test/e2e/agent.test.ts: leaves its routes when it stops with graceful restart, and takes them over when it is back',
        'test/e2e/agent.test.ts: that is killed finds its routes again',
      ],
    ],
    [
      46,
      'Long-lived: marked, last choice, kept from those who do not know it',
      [
        `${B}/long-lived.test.ts: a peer that is away longer than its restart time`,
        `${I}/restart.test.ts: while we are long away our routes stay there, marked, and are fresh when we are back`,
      ],
    ],
    [
      47,
      'An enhanced refresh sweeps what is gone',
      [
        `${B}/refresh.test.ts: what is not told again is gone at the end, and not before`,
        `${I}/refresh.test.ts: BIRD tells everything again between beginning and end, and nothing is lost`,
      ],
    ],
    [
      48,
      'A policy changes without touching the peer',
      [
        `${B}/policy-change.test.ts: withdraws what it refuses and tells what it lets pass again, without touching a session`,
      ],
    ],
  ],
  'Economy and load': [
    [
      49,
      'A change that the peer cannot see sends nothing',
      [`${B}/policy-change.test.ts: sends nothing when it is the same`],
      'Not for an attribute that does not leave.',
    ],
    [
      50,
      'What changes and changes back at once sends nothing',
      [`${B}/operation-counts.test.ts: changes that overtake each other in one piece are told once`],
    ],
    [
      51,
      'Peers told the same share one serialization',
      [`${B}/operation-counts.test.ts: is serialized once, and written once to each member, whatever their number`],
    ],
    [
      52,
      'A fast sender: no hold time runs out, all arrives',
      [
        `${B}/lagging-members.test.ts: members that lag, seed %i`,
        `${I}/slow-peer.test.ts: keep nobody else from what changes meanwhile`,
      ],
      'npm run bench plays it at full size.',
    ],
    [
      53,
      'A peer with a large table is lost: the others do not notice',
      [
        `${B}/table-loss.test.ts: a table that is lost with its peer goes in slices: what others say meanwhile is told in between`,
      ],
      'npm run bench -- withdraw plays it at full size.',
    ],
    [
      54,
      'UPDATEs filled to 4096 octets exactly',
      [
        `${B}/wire/exported-octets.test.ts: fill their UPDATEs up to 4096 octets, and no prefix is lost or told twice`,
        `${B}/update-effects.test.ts: the largest that still fits once it is reflected is told`,
      ],
    ],
  ],
  'Policy, limits, families, kernel': [
    [
      55,
      'Prefix limits: warn, restart, shut down, raise',
      [
        `${B}/prefix-limits.test.ts: a warning at the share and at the limit, each once, and the session goes on with action warn`,
        `${B}/peer-lifecycle.test.ts: that is shut out until somebody looks comes in again with new limits`,
        `${B}/over-limit.test.ts: with the action discard`,
        `${I}/sessions.test.ts: part when there are too many prefixes here, and when there are there; it is said why, and we come back`,
      ],
    ],
    [
      56,
      'Graceful shutdown, internal and external',
      [
        `${B}/signals.test.ts: GRACEFUL_SHUTDOWN (RFC 8326)`,
        `${I}/signals.test.ts: BIRD withdraws gracefully, and has traffic discarded`,
      ],
    ],
    [
      57,
      'Without a policy nothing passes between ASes',
      [
        `${B}/speaker.test.ts: accepts and passes on nothing without a policy (RFC 8212), but tells what is originated for it`,
      ],
    ],
    [
      58,
      'IPv4 routes over IPv6 sessions, numbered and not',
      [
        `${I}/extended-next-hop.test.ts: an IPv4 route comes with an IPv6 next hop, and goes into the kernel so`,
        `${I}/unnumbered.test.ts: IPv4 and IPv6 routes go into the kernel by way of the link-local address`,
        `${B}/extended-next-hop.test.ts: a route with an IPv6 next hop is reflected to whoever can take it, in MP_REACH_NLRI, and to nobody else`,
      ],
    ],
    [
      59,
      'Foreign kernel routes are left alone; told only once installed',
      ['test/kernel/netlink-routes.test.ts: a deletion spares what is not of our protocol'],
      'To wait for the kernel before telling is not built.',
    ],
    [
      60,
      'The octets of everything sent',
      [
        `${B}/wire/exported-octets.test.ts: an UPDATE to`,
        `${B}/wire/open.test.ts: is written as RFC 4271 and 5492 say`,
      ],
      'tshark reads all that is sent in test/interop.',
    ],
  ],
}

export const SCENARIOS: readonly Scenario[] = Object.entries(AREAS).flatMap(([area, rows]) =>
  rows.map(([number, what, tests, open]) => ({ number, area, what, tests, ...(open !== undefined && { open }) })),
)
