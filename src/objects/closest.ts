const MOST_EDITS = 3

/** The word that was probably meant: the one fewest edits away, if they are few for its length. */
export function closest(given: string, words: readonly string[]): string | undefined {
  const ranked = words
    .map((word) => ({ word, edits: editDistance(given.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, edits }) => edits <= Math.min(MOST_EDITS, word.length / 2))
    .toSorted((a, b) => a.edits - b.edits)
  return ranked[0]?.word
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
