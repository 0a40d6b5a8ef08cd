import type { PeerStatus } from '../../bgp/contract.ts'
import type { DesiredState, NodeStatus, Problem } from '../contract.ts'
import type { Condition } from '../kinds/common.ts'
import type { NodeRoutingStatus } from '../kinds/node-routing.ts'
import { timestamp } from './conditions.ts'

export interface Observed {
  readonly desired: DesiredState
  readonly status?: NodeStatus
  readonly routingConfigGeneration?: number
}

/** `NodeRouting.status`; `before` is what was written last, whose times stay where nothing changed. */
export function nodeRoutingStatus(
  observed: Observed,
  before: NodeRoutingStatus | undefined,
  now: number,
): NodeRoutingStatus {
  const { desired, status, routingConfigGeneration } = observed
  const { asn, bgpIdentifier } = desired.speaker
  const sessions = status?.sessions ?? []
  const established = sessions.filter(({ state }) => state === 'Established').length
  const announced = desired.announcements.filter(
    ({ object, silentBecause }) => object.startsWith('Service ') && silentBecause === undefined,
  )
  return {
    conditions: conditions(observed).map((condition) => withTime(condition, before?.conditions, now)),
    observedConfiguration: {
      asn,
      bgpIdentifier,
      ...(routingConfigGeneration !== undefined && { routingConfigGeneration }),
    },
    sessions: sessions.slice(0, MOST_SESSIONS).map(session),
    ...(status && { routes: routes(status) }),
    establishedSessions: `${established}/${sessions.length}`,
    announcedAddresses: [...new Set(announced.map(({ prefix }) => prefix ?? ''))].slice(0, MOST_ADDRESSES),
  }
}

const MOST_SESSIONS = 1024
const MOST_ADDRESSES = 16_384
const MOST_NAMED = 5

type Judgement = Omit<Condition, 'lastTransitionTime'>

function conditions(observed: Observed): Judgement[] {
  return [ready(observed), degraded(observed), configurationValid(observed.desired.problems)]
}

/** A node without peers is ready; one with peers when it can talk to at least one. */
function ready({ status }: Observed): Judgement {
  const type = 'Ready'
  if (status === undefined)
    return { type, status: 'Unknown', reason: 'Starting', message: 'the speaker has not reported yet' }
  const { sessions } = status
  const up = sessions.some(({ state }) => state === 'Established')
  if (up || sessions.length === 0) return { type, status: 'True', reason: 'Running', message: 'routes are exchanged' }
  return { type, status: 'False', reason: 'NoSession', message: 'no session is established' }
}

function degraded({ status }: Observed): Judgement {
  const type = 'Degraded'
  const down = (status?.sessions ?? []).filter(({ state }) => state !== 'Established')
  const failed = status?.kernel?.failed ?? 0
  if (failed > 0)
    return { type, status: 'True', reason: 'KernelRefuses', message: `the kernel does not take ${failed} routes` }
  if (down.length > 0)
    return {
      type,
      status: 'True',
      reason: 'SessionsDown',
      message: `not established: ${named(down.map(({ name }) => name))}`,
    }
  return { type, status: 'False', reason: 'AllWell', message: '' }
}

function configurationValid(problems: readonly Problem[]): Judgement {
  const type = 'ConfigurationValid'
  if (problems.length === 0) return { type, status: 'True', reason: 'Valid', message: '' }
  const reason = problems.some(({ kind }) => kind === 'Invalid') ? 'InvalidObjects' : 'WaitingForObjects'
  const message = named(problems.map(({ object, path, message }) => [object, path, message].filter(Boolean).join(': ')))
  return { type, status: 'False', reason, message }
}

function withTime(judgement: Judgement, before: readonly Condition[] | undefined, now: number): Condition {
  const last = before?.find(({ type }) => type === judgement.type)
  const unchanged = last !== undefined && last.status === judgement.status
  return { ...judgement, lastTransitionTime: unchanged ? last.lastTransitionTime : timestamp(now) }
}

function session(peer: PeerStatus): NonNullable<NodeRoutingStatus['sessions']>[number] {
  const { capabilities, lastError, localAddress } = peer
  return {
    peer: peer.name,
    address: peer.remoteAddress,
    ...(localAddress && { localAddress }),
    peerASN: String(peer.remoteAsn),
    localASN: peer.localAsn,
    type: peer.type,
    state: peer.state,
    ...(peer.idleReason !== undefined && { idleReason: peer.idleReason }),
    since: timestamp(peer.since),
    timesEstablished: peer.timesEstablished,
    ...(lastError && {
      lastError: {
        direction: lastError.direction,
        ...(lastError.code !== undefined && { code: lastError.code }),
        ...(lastError.subcode !== undefined && { subcode: lastError.subcode }),
        text: lastError.text.slice(0, 1024),
        time: timestamp(lastError.at),
      },
    }),
    ...(capabilities && { capabilities: capabilities.sent.filter((one) => capabilities.received.includes(one)) }),
    families: peer.families.map(({ family, received, accepted, advertised }) => ({
      family,
      received,
      accepted,
      advertised,
    })),
  }
}

function routes({ ribRoutes, kernel }: NodeStatus): NonNullable<NodeRoutingStatus['routes']> {
  return {
    ...ribRoutes,
    ...(kernel && {
      kernelWanted: kernel.wanted,
      kernelInstalled: kernel.installed,
      kernelFailed: kernel.failed,
      kernelRefused: kernel.refused,
    }),
  }
}

function named(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED
  return names.slice(0, MOST_NAMED).join('; ') + (rest > 0 ? `; and ${rest} more` : '')
}
