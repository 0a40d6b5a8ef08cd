import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FamilyName } from '../../bgp/contract.ts'
import { LOCAL_SLOT, Tables } from '../../bgp/rib/tables.ts'
import { UpdateReceiver } from '../../bgp/rib/update-receiver.ts'
import { routePage } from '../../bgp/views.ts'
import { PeerFault } from '../../bgp/wire/faults.ts'
import { Framer } from '../../bgp/wire/framer.ts'
import { decodeOpen } from '../../bgp/wire/open.ts'
import { address } from '../../routing/ip/address.ts'
import { seeded } from './speakers.ts'

/** 530 messages of other implementations and captures, with what the RFCs say of each; not part of this project. */
const folder = process.env['ROUTELET_VECTORS']
const file = folder === undefined ? undefined : join(folder, 'bgp-messages.json')

interface Vector {
  readonly name: string
  readonly hex: string
  readonly context: { asn4: boolean; addpath: string[]; extnh: boolean; ebgp: boolean; extmsg?: boolean }
  readonly expect: {
    kind: string
    treatment: string
    alsoAccept?: (string | [number, number])[]
    error?: { code: number; subcode: number }
    nlri?: { prefix: string; pathId?: number }[]
    mpReach?: { afi: number; safi: number; nlri: { prefix: string; pathId?: number }[] }
    attrs?: {
      origin?: string
      nextHop?: string
      localPref?: number
      med?: number
      communities?: string[]
      largeCommunities?: string[]
      originatorId?: string
      clusterList?: string[]
      asPath?: { type: string; asns: number[] }[]
      effectiveAsPath?: { type: string; asns: number[] }[]
    }
  }
}

const vectors: Vector[] = file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []

describe.skipIf(vectors.length === 0)('messages of other implementations (ROUTELET_VECTORS names their folder)', () => {
  test.each(vectors)('$name', (vector) => {
    const outcome = judge(vector)
    const { treatment, alsoAccept = [], error } = vector.expect
    const wanted = error ? `${error.code}/${error.subcode}` : treatment
    const also = alsoAccept.map((entry) => (Array.isArray(entry) ? `${entry[0]}/${entry[1]}` : entry))
    const matches =
      [wanted, ...also].includes(outcome.treatment) ||
      (wanted === 'attribute-discard' && outcome.ignored) ||
      (also.includes('any-3') && outcome.treatment.startsWith('3/'))
    expect(matches, `${outcome.treatment} (${outcome.why}) instead of ${wanted} or ${also}`).toBeTruthy()
    if (outcome.routes !== undefined && treatment === 'ok' && outcome.treatment === 'ok')
      compareRoutes(vector, outcome.routes)
  })
})

type Routes = ReturnType<typeof routePage>['routes']

interface Outcome {
  readonly treatment: string
  readonly why?: string
  readonly routes?: Routes
  /** An attribute that means nothing from such a peer was dropped unread, whether it was well-formed or not. */
  readonly ignored?: boolean
}

/** What we make of the message, in the words of the vectors. */
function judge({ hex, context, expect: { kind } }: Vector): Outcome {
  const octets = Uint8Array.from(Buffer.from(hex, 'hex'))
  const framer = new Framer()
  framer.maxMessage = context.extmsg ? 65535 : 4096
  let outcome: Outcome = { treatment: 'need-more-data' }
  try {
    framer.push(octets, (type, chunk, start, end) => {
      if (type === 1) decodeOpen(chunk.slice(start, end))
      outcome = type === 2 ? judgeUpdate(chunk, start, end, context) : { treatment: 'ok' }
      return false // what follows in some captures is not part of the message
    })
  } catch (error) {
    if (!(error instanceof PeerFault)) throw error
    const { code, subcode } = error.notification
    return { treatment: `${code}/${subcode}`, why: error.message }
  }
  return kind === 'refresh' && outcome.treatment === 'ok' ? { treatment: refreshTreatment(octets) } : outcome
}

/** ROUTE-REFRESH with an unknown subtype is read and ignored. */
function refreshTreatment(octets: Uint8Array): string {
  return octets[21]! <= 2 ? 'ok' : 'ignore'
}

function judgeUpdate(chunk: Uint8Array, start: number, end: number, context: Vector['context']): Outcome {
  const tables = new Tables(seeded(1), undefined)
  const slot = tables.takeSlot((slot) => ({
    name: 'peer',
    address: address('192.0.2.99'),
    source: {
      slot,
      external: context.ebgp,
      local: false,
      client: false,
      localAsn: 4_200_000_001,
      allowOwnAsn: 0,
      remoteAsn: 0,
      role: undefined,
      remoteIdentifier: 0x01010101,
      localIdentifier: 0xfefefefe,
      clusterId: 0xfefefefe,
      ownClusterIds: [0xfefefefe],
      interfaceName: undefined,
    },
  }))
  expect(slot).toBeGreaterThan(LOCAL_SLOT)
  let worst = 'ok'
  let why = ''
  let ignored = false
  const receiver = new UpdateReceiver(
    {
      sets: tables.sets,
      ribs: tables.ribs,
      filters: new Map(),
      acceptByDefault: true,
      limits: new Map(),
      pathIds: new Set(context.addpath.map((text) => text.replace('/', '-') as FamilyName)),
    },
    tables.sourceOf(slot),
    { external: context.ebgp, fourOctetAsn: context.asn4, extendedNextHop: context.extnh, refuseAsSets: true },
    {
      endOfRib() {},
      discarded(findings) {
        why = findings.map(({ what }) => what).join('; ')
        const remedies = findings.filter(({ what }) => !what.includes('ignored from')).map(({ remedy }) => remedy)
        ignored = remedies.length < findings.length
        if (remedies.includes('treat-as-withdraw')) worst = 'treat-as-withdraw'
        else if (remedies.length > 0) worst = 'attribute-discard'
      },
    },
  )
  receiver.receive(chunk, start, end)
  const source = { tables, originations: { becauseOf: () => undefined } as never, peer: () => undefined, maxPaths: 1 }
  const routes = routePage(source, { allPaths: true }).routes
  if (worst === 'treat-as-withdraw') expect(routes).toEqual([])
  return { treatment: worst, why, routes, ignored }
}

function compareRoutes({ name, context, expect: wanted }: Vector, routes: Routes): void {
  const family: FamilyName[] = ['ipv4-unicast', 'ipv6-unicast']
  const mp = wanted.mpReach && wanted.mpReach.safi === 1 && wanted.mpReach.afi <= 2 ? wanted.mpReach.nlri : []
  const meaningful = [...(wanted.nlri ?? []), ...mp].filter(
    ({ prefix }) => !/^(22[4-9]|2[345]\d|127)\.|^ff|^fe[89ab]/.test(prefix),
  )
  const paths = (entries: readonly { prefix: string; pathId?: number }[]) =>
    new Set(entries.map(({ prefix, pathId = 0 }) => `${prefix} ${pathId}`))
  expect(paths(routes), name).toEqual(paths(meaningful))
  const { attrs } = wanted
  for (const route of routes) {
    expect(family).toContain(route.family)
    if (attrs === undefined) continue
    if (attrs.origin) expect(route.origin).toBe(attrs.origin)
    if (attrs.nextHop && route.family === 'ipv4-unicast' && mp.length === 0) expect(route.nextHop).toBe(attrs.nextHop)
    if (attrs.med !== undefined) expect(route.med).toBe(attrs.med)
    if (attrs.localPref !== undefined && !context.ebgp) expect(route.localPref).toBe(attrs.localPref)
    if (attrs.originatorId) expect(route.originatorId).toBe(attrs.originatorId)
    if (attrs.clusterList) expect(route.clusterList).toEqual(attrs.clusterList)
    const path = attrs.effectiveAsPath ?? attrs.asPath
    if (path) expect(route.asPath).toBe(formatPath(path))
    for (const text of attrs.largeCommunities ?? []) expect(route.communities).toContain(`large:${text}`)
    const numeric = (attrs.communities ?? []).filter((text) => !text.startsWith('65535:') && /^\d/.test(text))
    for (const text of numeric) expect(route.communities).toContain(text)
  }
}

/** Neighbouring sequences print as one, as they count as one. */
function formatPath(segments: readonly { type: string; asns: number[] }[]): string {
  return segments.map(({ type, asns }) => (type === 'set' ? `{${asns.join(',')}}` : asns.join(' '))).join(' ')
}
