import { Environment } from '@marcbachmann/cel-js'
import { type Address, familyOf, parseAddress } from '../../routing/ip/address.ts'
import { parsePrefix } from '../../routing/ip/prefix.ts'

/** Evaluates a CEL rule of a CRD on a value, with the IP functions that Kubernetes adds to the language. */
export function holds(rule: string, self: unknown): boolean {
  let compiled = compiledRules.get(rule)
  if (compiled === undefined) {
    compiled = environment.parse(rule)
    compiledRules.set(rule, compiled)
  }
  return compiled({ self }) === true
}

class Ip {
  readonly address: Address
  constructor(text: string) {
    const address = parseAddress(text)
    if (address === undefined || !isIp(text)) throw new TypeError(`not an IP address: ${text}`)
    this.address = address
  }
}

class Cidr {
  readonly ip: Ip
  readonly length: number
  constructor(text: string) {
    if (!isCidr(text)) throw new TypeError(`not a prefix: ${text}`)
    const [ip = '', length = ''] = text.split('/')
    this.ip = new Ip(ip)
    this.length = Number(length)
  }
}

const compiledRules = new Map<string, (context: { self: unknown }) => unknown>()

const environment = new Environment()
  .registerVariable('self', 'dyn')
  .registerType('Ip', Ip)
  .registerType('Cidr', Cidr)
  .registerFunction('isIP(string): bool', isIp)
  .registerFunction('isCIDR(string): bool', isCidr)
  .registerFunction('ip(string): Ip', (text: string) => new Ip(text))
  .registerFunction('Ip.family(): int', (ip: Ip) => BigInt(familyOf(ip.address)))
  .registerOperator('Ip == Ip', (a: Ip, b: Ip) => a.address === b.address)
  .registerFunction('cidr(string): Cidr', (text: string) => new Cidr(text))
  .registerFunction('Cidr.prefixLength(): int', (cidr: Cidr) => BigInt(cidr.length))
  .registerFunction('Cidr.ip(): Ip', (cidr: Cidr) => cidr.ip)
  .registerFunction('Cidr.masked(): Cidr', masked)
  .registerFunction('Cidr.containsIP(string): bool', (cidr: Cidr, text: string) => {
    const ip = new Ip(text)
    if (familyOf(ip.address) !== familyOf(cidr.ip.address)) return false
    return masked(new Cidr(`${text}/${cidr.length}`)).ip.address === masked(cidr).ip.address
  })

/** As the API server: no zones, and no IPv4 address in IPv6 clothes. */
function isIp(text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && !address.startsWith('::ffff:')
}

function isCidr(text: string): boolean {
  const [address = '', length = ''] = text.split('/')
  return isIp(address) && /^(0|[1-9]\d*)$/.test(length) && parsePrefix(text) !== undefined
}

function masked({ ip, length }: Cidr): Cidr {
  return new Cidr(parsePrefix(`${ip.address}/${length}`) as string)
}
