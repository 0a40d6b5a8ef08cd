import type { LabelSelector } from '../kinds/common.ts'

export type Labels = Readonly<Record<string, string>>

/** Does a label selector of Kubernetes select these labels? Absent or empty, it selects everything. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return true
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    matchExpressions.every((expression) => meets(expression, labelOf(labels, expression.key)))
  )
}

/** Several selectors are alternatives; none at all selects everything. */
export function anySelects(selectors: readonly LabelSelector[], labels: Labels): boolean {
  return selectors.length === 0 || selectors.some((selector) => selects(selector, labels))
}

export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

function meets({ operator, values = [] }: Expression, label: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return label !== undefined && values.includes(label)
    case 'NotIn':
      return label === undefined || !values.includes(label)
    case 'Exists':
      return label !== undefined
    case 'DoesNotExist':
      return label === undefined
  }
}

function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
