/**
 * The small language the kinds are written in. One description gives the TypeScript type (`ValueOf`), the structural
 * schema of the CRD (`openapi.ts`), the validation (`src/objects/`) and the reference page (`reference.ts`).
 */
export type Schema<T = unknown, P extends Presence = Presence> = SchemaNode & {
  /** Never there at run time: carries the type of the value, and whether it is always there after defaulting. */
  readonly phantom?: { readonly value: T; readonly presence: P }
}

export type Presence = 'present' | 'optional'

export type SchemaNode =
  | (Common & {
      readonly type: 'string'
      readonly minLength?: number
      readonly maxLength: number
      readonly pattern?: string
      readonly oneOf?: readonly string[]
      readonly format?: 'date-time'
    })
  | (Common & { readonly type: 'integer'; readonly minimum: number; readonly maximum: number })
  | (Common & { readonly type: 'boolean' })
  | (Common & { readonly type: 'integer-or-string' })
  | (Common & {
      readonly type: 'array'
      readonly items: SchemaNode
      readonly minItems?: number
      readonly maxItems: number
      /** Server-side apply merges items by this field. */
      readonly mapKey?: string
    })
  | (Common & {
      readonly type: 'object'
      readonly fields: Readonly<Record<string, SchemaNode>>
      /** Other fields are dropped without a word: objects of Kubernetes, of which we read a part. */
      readonly lenient?: boolean
    })
  | (Common & { readonly type: 'map'; readonly values: SchemaNode; readonly maxProperties: number })

interface Common {
  readonly description: string
  /** Applied where the field is absent, then filled with the defaults inside it, as the API server does. */
  readonly default?: unknown
  /** What absence means, in words, where no default is stored. */
  readonly whenAbsent?: string
  readonly required?: boolean
  readonly rules?: readonly Rule[]
}

/** A CEL rule of the CRD; `self` is the value it stands at. */
export interface Rule {
  readonly rule: string
  /** What was expected. */
  readonly message: string
  /** Field below the value that a violation is about, as in `.peerASN`. */
  readonly fieldPath?: string
}

export type ValueOf<S> = S extends { readonly phantom?: { readonly value: infer T } } ? T : never

interface Options<T> {
  readonly default?: T
  readonly whenAbsent?: string
  readonly required?: true
  readonly rules?: readonly Rule[]
}

type PresenceOf<O> = O extends { readonly default: unknown } | { readonly required: true } ? 'present' : 'optional'

interface StringOptions extends Options<string> {
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly oneOf?: readonly string[]
  readonly format?: 'date-time'
}

type StringOf<O> = O extends { readonly oneOf: readonly (infer T)[] } ? T : string

export function string<const O extends StringOptions>(
  description: string,
  options: O,
): Schema<StringOf<O>, PresenceOf<O>> {
  const longest = Math.max(1, ...(options.oneOf ?? []).map((text) => text.length))
  return { type: 'string', description, ...options, maxLength: options.maxLength ?? (options.oneOf ? longest : 1024) }
}

interface IntegerOptions extends Options<number> {
  readonly minimum: number
  readonly maximum: number
}

export function integer<const O extends IntegerOptions>(
  description: string,
  options: O,
): Schema<number, PresenceOf<O>> {
  return { type: 'integer', description, ...options }
}

export function boolean<const O extends Options<boolean>>(
  description: string,
  options: O,
): Schema<boolean, PresenceOf<O>> {
  return { type: 'boolean', description, ...options }
}

export function integerOrString<const O extends Options<number | string>>(
  description: string,
  options: O,
): Schema<number | string, PresenceOf<O>> {
  return { type: 'integer-or-string', description, ...options }
}

interface ArrayOptions extends Options<readonly unknown[]> {
  readonly minItems?: number
  readonly maxItems: number
  readonly mapKey?: string
}

export function array<S extends Schema, const O extends ArrayOptions>(
  description: string,
  items: S,
  options: O,
): Schema<readonly ValueOf<S>[], PresenceOf<O>> {
  return { type: 'array', description, items, ...options }
}

export type Fields = Readonly<Record<string, Schema>>

type ObjectOf<F> = Flat<
  { readonly [K in keyof F as F[K] extends Schema<unknown, 'present'> ? K : never]: ValueOf<F[K]> } & {
    readonly [K in keyof F as F[K] extends Schema<unknown, 'present'> ? never : K]?: ValueOf<F[K]>
  }
>
type Flat<T> = { [K in keyof T]: T[K] }

interface ObjectOptions extends Options<Readonly<Record<string, never>>> {
  readonly lenient?: boolean
}

export function object<const F extends Fields, const O extends ObjectOptions>(
  description: string,
  fields: F,
  options: O,
): Schema<ObjectOf<F>, PresenceOf<O>> {
  return { type: 'object', description, fields, ...options }
}

interface MapOptions extends Options<Readonly<Record<string, unknown>>> {
  readonly maxProperties: number
}

export function map<S extends Schema, const O extends MapOptions>(
  description: string,
  values: S,
  options: O,
): Schema<Readonly<Record<string, ValueOf<S>>>, PresenceOf<O>> {
  return { type: 'map', description, values, ...options }
}
