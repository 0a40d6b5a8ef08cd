/**
 * What is sent in one round of the speaker, counting each write as so many octets more: some milliseconds of work, or
 * some 64 small writes, about what reading takes in a round. Larger rounds starve the input of a thousand clients.
 */
export const ROUND_OCTETS = 2 * 1024 * 1024
export const WRITE_OCTETS = 32 * 1024

/** All of them, beginning after the one that had its turn last. */
export function inTurn<T>(all: Iterable<T>, last: T | undefined): T[] {
  const list = [...all]
  const from = last === undefined ? 0 : list.indexOf(last) + 1
  return [...list.slice(from), ...list.slice(0, from)]
}
