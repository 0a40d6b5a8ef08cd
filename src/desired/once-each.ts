/**
 * The same function, which looks at each object once. Objects never change, and most of a cluster is the same from one
 * snapshot to the next.
 */
export function onceEach<T extends object, R>(view: (object: T) => R): (object: T) => R {
  const known = new WeakMap<T, { readonly result: R }>()
  return (object) => {
    const before = known.get(object)
    if (before !== undefined) return before.result
    const result = view(object)
    known.set(object, { result })
    return result
  }
}
