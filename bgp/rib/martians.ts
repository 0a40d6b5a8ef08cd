/** A prefix that means nothing and is ignored (RFC 4271, section 6.3): multicast, class E, loopback, link-local. Hot. */
export function isMartian4(w0: number, length: number): boolean {
  if (length < 3) return false
  const first = w0 >>> 24
  return first >= 224 || (first === 127 && length >= 8) || (w0 >>> 16 === 0xa9fe && length >= 16)
}

/** Multicast and link-local. Hot. */
export function isMartian6(w0: number, length: number): boolean {
  return (w0 >>> 24 === 0xff && length >= 8) || (w0 >>> 22 === 0xfe80 >> 6 && length >= 10)
}
