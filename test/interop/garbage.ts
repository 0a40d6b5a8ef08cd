import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { RawSession, REFRESH } from './raw-session.ts'

/**
 * A peer that sends what stands in a file, a list of messages as hex: `node garbage.ts FROM TO ASN FILE`. After each
 * one it asks for everything again, to see whether the session lives, and says `lives` or the NOTIFICATION that it got.
 */
const [from = '', to = '', asn = '', file = ''] = process.argv.slice(2)

for (const hex of JSON.parse(readFileSync(file, 'utf8')) as string[]) {
  let outcome: string | undefined
  let asked = false
  const session = await connect((type, body) => {
    if (type === 3) outcome = `${body[0]}/${body[1]}`
    else if (type === 2 && asked) outcome ??= 'lives'
    if (outcome !== undefined) session.close()
  })
  // All that is told first is told before the End-of-RIB, so the answer to the question is told later.
  asked = true
  session.send(Buffer.from(hex, 'hex'), REFRESH)
  await session.ended
  console.log(outcome ?? 'closed without a word')
}
console.log('done')

/** A session whose End-of-RIB has come; tries again while it is not taken. */
async function connect(hear: (type: number, body: Buffer) => void): Promise<RawSession> {
  for (;;) {
    let told = () => {}
    const endOfRib = new Promise<void>((resolve) => {
      told = resolve
    })
    const session = new RawSession({ from, to, asn: Number(asn) }, (type, body) => {
      if (type === 2 && body.length === 4) told()
      hear(type, body)
    })
    await Promise.race([endOfRib, session.ended])
    if (!session.isEnded) return session
    await pause(50)
  }
}
