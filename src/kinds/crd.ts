import { API_VERSION, GROUP, type Kind, VERSION } from './kind.ts'
import { type OpenApi, openApi } from './openapi.ts'
import { object } from './schema.ts'

/** The CustomResourceDefinition of a kind. */
export function customResourceDefinition(kind: Kind): OpenApi {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Cluster',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: kind.shortNames,
        categories: ['routelet'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns.map(({ name, type, path, priority }) => ({
            name,
            type,
            jsonPath: path,
            ...(priority && { priority }),
          })),
          schema: { openAPIV3Schema: wholeSchema(kind) },
        },
      ],
    },
  }
}

function wholeSchema(kind: Kind): OpenApi {
  const fields = { ...(kind.spec && { spec: kind.spec }), status: kind.status }
  const { properties, ...rest } = openApi(
    object(kind.description, fields, { ...(kind.rules && { rules: kind.rules }) }),
  )
  return {
    ...rest,
    properties: {
      apiVersion: { type: 'string', description: API_VERSION },
      kind: { type: 'string', description: kind.kind },
      // What may be said of the metadata here is only that it is there.
      metadata: { type: 'object' },
      ...(properties as object),
    },
  }
}
