import type { Problem } from '../contract.ts'
import type { Condition } from '../kinds/common.ts'
import type { Entry } from './object-cache.ts'

/** Another version of routelet may judge otherwise: it is overruled no more often than this. */
const OVERRULE_AFTER_MS = 600_000

/**
 * The condition `Accepted` that one of our objects should have, or nothing when what stands there will do. All agents
 * judge alike, so the first one writes and the others see it.
 */
export function acceptedCondition(entry: Entry, now: number): Condition | undefined {
  const { condition: accepted, generation, problems } = entry
  const status = problems.length === 0 ? 'True' : 'False'
  const wanted = {
    type: 'Accepted',
    status,
    reason: problems.length === 0 ? 'Valid' : 'Invalid',
    message: problemText(problems),
    observedGeneration: generation,
  } as const

  if (accepted === undefined) return { ...wanted, lastTransitionTime: timestamp(now) }
  const same = accepted.status === status && accepted.message === wanted.message
  if (same && accepted.observedGeneration === generation) return undefined
  const sameGeneration = accepted.observedGeneration === generation
  const since = Date.parse(accepted.lastTransitionTime)
  if (sameGeneration && accepted.status !== status && now - since < OVERRULE_AFTER_MS) return undefined
  if (sameGeneration && accepted.status === status && accepted.message !== wanted.message) return undefined
  const lastTransitionTime = accepted.status === status ? accepted.lastTransitionTime : timestamp(now)
  return { ...wanted, lastTransitionTime }
}

const LONGEST_MESSAGE = 4096

/** What is wrong with an object, as a condition says it. */
export function problemText(problems: readonly Problem[]): string {
  const texts = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  return texts.join('; ').slice(0, LONGEST_MESSAGE)
}

/** As Kubernetes writes times: whole seconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
