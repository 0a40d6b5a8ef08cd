import { ApiError } from './client.ts'
import type { Resource } from './resources.ts'

/** One clear line on why the objects of a kind cannot be read; the same cause gives the same line. */
export function troubleText(resource: Resource, error: unknown): string {
  if (error instanceof ApiError && error.status === 404 && resource.ours)
    return 'the CRDs of routelet.io are not installed (manifests/crds)'
  if (error instanceof ApiError && (error.status === 401 || error.status === 403))
    return `not allowed to read ${resource.kind}: ${error.message}`
  if (error instanceof ApiError) return `the API server refuses ${resource.kind}: ${error.message}`
  return `the API server does not answer: ${error instanceof Error ? error.message : String(error)}`
}
