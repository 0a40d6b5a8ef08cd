import { string } from './schema.ts'

const UINT16 = atMost(65_535)
const UINT32 = atMost(4_294_967_295)

const COMMUNITY = `^(${UINT16}:${UINT16}|large:${UINT32}:${UINT32}:${UINT32}|[a-z]([-a-z0-9]*[a-z0-9])?)$`

/** As written in every kind: standard, large, well-known or an alias of the RoutingConfig. */
export const communityItem = string(
  'A community: 64512:100, large:64512:1:2, a well-known name such as no-export, or an alias.',
  { minLength: 1, maxLength: 63, pattern: COMMUNITY },
)

/** What an alias may stand for: no further name. */
export const COMMUNITY_VALUE = `^(${UINT16}:${UINT16}|large:${UINT32}:${UINT32}:${UINT32})$`

/** A regular expression for the decimal numbers up to `maximum`, without leading zeros. */
function atMost(maximum: number): string {
  const digits = String(maximum)
  const alternatives = ['0', `[1-9][0-9]{0,${digits.length - 2}}`]
  for (const [i, digit] of [...digits].entries()) {
    const lowest = i === 0 ? 1 : 0
    if (Number(digit) <= lowest) continue
    alternatives.push(`${digits.slice(0, i)}[${lowest}-${Number(digit) - 1}]${repeat(digits.length - i - 1)}`)
  }
  return `(${[...alternatives, digits].join('|')})`
}

function repeat(count: number): string {
  return count === 0 ? '' : `[0-9]{${count}}`
}
