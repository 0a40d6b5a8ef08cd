import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { silentReasons } from '../desired/silent-reasons.ts'
import { reasons } from '../ipam/reasons.ts'
import { formatYaml } from '../objects/documents.ts'
import { notYetWords } from '../objects/not-yet.ts'
import { customResourceDefinition } from './crd.ts'
import { GROUP } from './kind.ts'
import { kinds } from './kinds.ts'
import { referencePage } from './reference.ts'

/** Everything that is made from the schema: path in the checkout → content. */
export function generated(): ReadonlyMap<string, string> {
  const header = '# Generated from src/kinds/ by `npm run generate`; do not edit.\n'
  return new Map([
    ...kinds.map((kind): [string, string] => [
      `manifests/crds/${GROUP}_${kind.plural}.yaml`,
      header + formatYaml(customResourceDefinition(kind)),
    ]),
    ['manifests/crds/kustomization.yaml', header + formatYaml(crdKustomization())],
    ['docs/reference.md', referencePage(kinds, notYetWords, silentReasons, reasons)],
  ])
}

function crdKustomization(): object {
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: kinds.map(({ plural }) => `${GROUP}_${plural}.yaml`),
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..')
  for (const [path, content] of generated()) {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
}
