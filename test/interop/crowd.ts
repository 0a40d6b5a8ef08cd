import { RawSession } from './raw-session.ts'

/**
 * Many peers in one process, which listen: `node crowd.ts TO ASN COUNT PREFIX…`, from 10.51.0.1 on. Says `established`
 * when all are, and the name of each /24 when all of them have been told of it.
 */
const [to = '', asn = '', count = '', ...prefixes] = process.argv.slice(2)
const members = Number(count)
const watched = new Map(prefixes.map((text) => [text, { nlri: encode(text), heard: new Set<number>() }]))

const sessions = Array.from({ length: members }, (_, i) => {
  const from = `10.51.${(i + 1) >> 8}.${(i + 1) & 255}`
  return new RawSession({ from, to, asn: Number(asn) }, (type, body) => {
    if (type === 3) console.log(`${from}: NOTIFICATION ${body[0]}/${body[1]}`)
    if (type !== 2) return
    for (const [text, { nlri, heard }] of watched) {
      if (heard.has(i) || !body.includes(nlri)) continue
      heard.add(i)
      if (heard.size === members) console.log(text)
    }
  })
})
await Promise.all(sessions.map((session) => session.established()))
console.log('established')

/** A /24 as NLRI: its length and three octets. */
function encode(text: string): Buffer {
  return Buffer.from([24, ...text.split('/')[0]!.split('.').slice(0, 3).map(Number)])
}
