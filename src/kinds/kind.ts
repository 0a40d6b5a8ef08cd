import { objectName } from './common.ts'
import { integer, map, object, type Rule, type Schema, type SchemaNode, string, type ValueOf } from './schema.ts'

export const GROUP = 'routelet.io'
export const VERSION = 'v1alpha1'
export const API_VERSION = `${GROUP}/${VERSION}`

/** Everything there is to know of one of our kinds. */
export interface Kind<Name extends string = string, Spec extends Schema = Schema> {
  readonly kind: Name
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly description: string
  /** NodeRouting has none: it is written by the agent only. */
  readonly spec?: Spec
  readonly status: SchemaNode
  readonly columns: readonly Column[]
  /** CEL rules on the whole object; of the metadata only the name may be read. */
  readonly rules?: readonly Rule[]
}

export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean' | 'date'
  readonly path: string
  /** 1: only with `kubectl get -o wide`. */
  readonly priority?: 1
}

export function defineKind<const Name extends string, Spec extends Schema>(
  kind: Kind<Name, Spec> & { readonly spec: Spec },
): Kind<Name, Spec> & { readonly spec: Spec } {
  return kind
}

const text = string('Text.', { maxLength: 262_144 })

/** The part of the metadata of any object that we read. */
export const metadata = object(
  'The metadata common to all objects.',
  {
    name: objectName('Name of the object.', { required: true }),
    namespace: string('Namespace of the object; the kinds of routelet have none.', { maxLength: 63 }),
    labels: map('Labels.', text, { maxProperties: 1024, default: {} }),
    annotations: map('Annotations.', text, { maxProperties: 1024, default: {} }),
    creationTimestamp: string('When the API server first stored it.', { maxLength: 64 }),
    generation: integer('Counts the changes of the spec.', { minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    uid: string('Set by the API server.', { maxLength: 128 }),
  },
  { required: true, lenient: true },
)

export type Metadata = ValueOf<typeof metadata>

/** An object of one of our kinds, read, defaulted and checked. */
export type ObjectOf<K extends Kind> = {
  readonly kind: K['kind']
  readonly metadata: Metadata
  readonly spec: ValueOf<K['spec']>
}
