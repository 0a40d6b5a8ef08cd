import type { RouteView } from '../../bgp/contract.ts'
import { parseAddress } from '../../routing/ip/address.ts'
import { parsePrefix } from '../../routing/ip/prefix.ts'
import type { KernelRouteItem, KernelRouteListDocument, RouteListDocument } from '../api/contract.ts'
import { EXIT_BAD_INPUT, Failure } from '../failure.ts'
import { formatDocument, type QueryFlags } from './output.ts'
import { query } from './query.ts'
import { type Cell, TextTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface RouteFlags extends QueryFlags {
  readonly family?: string
  readonly receivedFrom?: string
  readonly advertisedTo?: string
  readonly kernel?: boolean
  readonly allPaths?: boolean
}

type List = RouteListDocument | KernelRouteListDocument

export async function showRoutes(prefix: string | undefined, flags: RouteFlags, terminal: Terminal): Promise<void> {
  const pages = fetchPages(flags.socket, parametersOf(prefix, flags))
  const severalPaths = Boolean(flags.allPaths || flags.receivedFrom || flags.advertisedTo)
  if (flags.output === 'table') await printTable(pages, severalPaths, terminal)
  else terminal.stdout.write(formatDocument(await gather(pages), flags.output))
}

function parametersOf(prefix: string | undefined, flags: RouteFlags): Record<string, string> {
  return {
    ...(prefix !== undefined && destination(prefix)),
    ...(flags.family !== undefined && { family: flags.family }),
    ...(flags.receivedFrom !== undefined && { receivedFrom: flags.receivedFrom }),
    ...(flags.advertisedTo !== undefined && { advertisedTo: flags.advertisedTo }),
    ...(flags.kernel && { kernel: 'true' }),
    ...(flags.allPaths && { allPaths: 'true' }),
  }
}

function destination(text: string): Record<string, string> {
  const prefix = parsePrefix(text)
  if (prefix !== undefined) return { prefix }
  const address = parseAddress(text)
  if (address !== undefined) return { address }
  throw new Failure(EXIT_BAD_INPUT, [
    `expected a prefix such as 10.1.0.0/24 or an IP address, got ${JSON.stringify(text)}`,
  ])
}

async function* fetchPages(socket: string, parameters: Record<string, string>): AsyncGenerator<List> {
  let cursor: string | undefined
  do {
    const page: List = await query(socket, '/v1/routes', cursor === undefined ? parameters : { ...parameters, cursor })
    yield page
    cursor = page.cursor
  } while (cursor !== undefined)
}

/** A large table is printed as it arrives. */
async function printTable(pages: AsyncIterable<List>, pathIds: boolean, terminal: Terminal): Promise<void> {
  let table: TextTable | undefined
  let rows = 0
  for await (const page of pages) {
    table ??= new TextTable(page.kind === 'KernelRouteList' ? KERNEL_COLUMNS : routeColumns(pathIds))
    const cells =
      page.kind === 'KernelRouteList' ? page.items.map(kernelRow) : page.items.map((route) => routeRow(route, pathIds))
    rows += cells.length
    if (cells.length > 0) terminal.stdout.write(table.render(cells))
  }
  if (rows === 0) terminal.stdout.write('No routes.\n')
}

async function gather(pages: AsyncIterable<List>): Promise<object> {
  const items: unknown[] = []
  let head: Pick<List, 'apiVersion' | 'kind'> | undefined
  for await (const { apiVersion, kind, items: some } of pages) {
    head = { apiVersion, kind } as Pick<List, 'apiVersion' | 'kind'>
    for (const item of some) items.push(item)
  }
  return { ...head, items }
}

/** `pathIds`: several routes may have the same prefix, and identifiers that tell them apart (RFC 7911). */
function routeColumns(pathIds: boolean): string[] {
  const ids = pathIds ? ['PATH ID'] : []
  return ['', 'PREFIX', 'NEXT HOP', 'FROM', ...ids, 'PREF', 'MED', 'AS PATH', 'DECIDED BY', 'NOTE']
}

/** Marks as routers print them: `*` usable, `>` best, `=` in the kernel beside the best, `S` stale. */
export function routeRow(route: RouteView, pathIds: boolean): Cell[] {
  return [
    marks(route),
    route.prefix,
    route.weight === undefined ? route.nextHop : `${route.nextHop} weight ${route.weight}`,
    route.from,
    ...(pathIds ? [route.pathId] : []),
    route.localPref,
    route.med,
    `${route.asPath} ${ORIGIN_LETTERS[route.origin]}`.trim(),
    route.decidedBy,
    route.ineligible ??
      route.effect ??
      route.because ??
      (route.communities.length > 0 ? route.communities.join(' ') : undefined),
  ]
}

const ORIGIN_LETTERS = { igp: 'i', egp: 'e', incomplete: '?' } as const

function marks(route: RouteView): string {
  const usable = route.ineligible === undefined ? '*' : 'x'
  const chosen = route.best ? '>' : route.multipath ? '=' : ''
  return `${usable}${chosen}${route.stale ? 'S' : ''}`
}

const KERNEL_COLUMNS = ['PREFIX', 'NEXT HOPS', 'METRIC', 'STATE', 'NOTE']

export function kernelRow(route: KernelRouteItem): Cell[] {
  return [route.prefix, kernelNextHops(route), route.metric, route.state, route.reason]
}

function kernelNextHops(route: KernelRouteItem): string {
  if (route.type === 'blackhole') return 'blackhole'
  return route.nextHops
    .map(({ address, interfaceName, weight }) =>
      [
        ...(address === undefined ? [] : [`via ${address}`]),
        ...(interfaceName === undefined ? [] : [`dev ${interfaceName}`]),
        ...(weight === 1 ? [] : [`weight ${weight}`]),
      ].join(' '),
    )
    .join(', ')
}
