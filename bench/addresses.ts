/** Sources are 10.99.16.1 and on, receivers 10.99.32.1 and on. */
export function addressOf(role: number, index: number): number[] {
  return [10, 99, role * 16 + Math.floor(index / 250), (index % 250) + 1]
}
