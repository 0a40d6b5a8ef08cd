import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createControllerMetrics } from '../../src/telemetry/controller-metrics.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { kernelRoute, peerStatus, routeView, statusDocument } from '../fakes/view.ts'

const doc = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')
const words = (text: string) => new Set(text.match(/\w+/g))

/** All names of fields in a document, however deep. */
function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [name, ...fieldsOf(inner)])
}

test.each([
  ['Status', statusDocument()],
  ['PeerList', peerStatus()],
  ['RouteList', routeView()],
  ['KernelRouteList', kernelRoute()],
])('docs/cli.md names every field of a %s', (_, document) => {
  const named = words(doc('cli.md'))
  expect(fieldsOf(document).filter((field) => !named.has(field))).toEqual([])
})

test('docs/metrics.md names every metric of ours, and no other', async () => {
  const ofNode = await createMetrics({ status: () => statusDocument(), peers: () => [peerStatus()] }).text()
  const controller = { version: '1', leading: true, ready: true, waitingFor: [] }
  const ofController = await createControllerMetrics(() => controller).text()
  const text = `${ofNode}${ofController}`
  const all = [...text.matchAll(/^# TYPE (\S+)/gm)]
    .map(([, name]) => name)
    .filter((name) => !/_(process|nodejs)_/.test(`${name}`))
  const documented = [...doc('metrics.md').matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
  expect(documented.toSorted()).toEqual([...new Set(all)].toSorted())
})
