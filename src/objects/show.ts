const LONGEST = 80

/** A value as it may stand in a message: short, and on one line. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`
}
