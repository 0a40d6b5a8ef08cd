import { describe, expect, test } from 'vitest'
import { Writer } from '../../../src/controller/writer.ts'
import { ApiError, ConnectionError } from '../../../src/kube/client.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { silentLog } from '../../fakes/log.ts'

function writer() {
  const clock = new FakeClock()
  const log: string[] = []
  const answers: ((error?: Error) => void)[] = []
  let may = true
  const it = new Writer({ clock, random: () => 0.5, log: silentLog, mayWrite: () => may })
  /** A write that ends when the test says so. */
  const write = (key: string, content = '') => ({
    key,
    content,
    send: () => {
      log.push(`${key}${content}`)
      return new Promise<void>((resolve, reject) => answers.push((error) => (error ? reject(error) : resolve())))
    },
    done: () => void log.push(`${key}${content} done`),
  })
  const answer = async (error?: Error) => {
    answers.shift()?.(error)
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
  const forbid = () => {
    may = false
  }
  return { clock, log, it, write, answer, forbid, waiting: answers }
}

describe('the writer', () => {
  test('sends eight at once, and the next when one is done', async () => {
    const { it, write, answer, waiting } = writer()
    it.submit(Array.from({ length: 10 }, (_, i) => write(`k${i}`)))
    expect(waiting).toHaveLength(8)
    await answer()
    expect(waiting).toHaveLength(8)
  })

  test('sends nothing twice before it can have been seen, and again after that', async () => {
    const { it, write, answer, log, clock } = writer()
    it.submit([write('a', '1')])
    expect(it.submit([write('a', '1')])).toBe(true)
    await answer()
    expect(it.submit([write('a', '1')])).toBe(true)
    expect(log).toEqual(['a1', 'a1 done'])
    clock.advance(5_000)
    expect(it.submit([write('a', '1')])).toBe(false)
    expect(log).toEqual(['a1', 'a1 done', 'a1'])
  })

  test('a newer write of the same object waits for the older one, and takes the place of one that has not begun', async () => {
    const { it, write, answer, log } = writer()
    it.submit([write('a', '1')])
    it.submit([write('a', '2')])
    it.submit([write('a', '3')])
    await answer()
    expect(log).toEqual(['a1', 'a1 done', 'a3'])
  })

  test.each([new ApiError(429, 'slow down'), new ApiError(503, 'away'), new ConnectionError('away')])(
    'after %s it waits longer each time, and then goes on',
    async (error) => {
      const { it, write, answer, log, clock } = writer()
      it.submit([write('a')])
      await answer(error)
      expect(log).toEqual(['a'])
      clock.advance(250)
      await answer(error)
      clock.advance(499)
      expect(log).toEqual(['a', 'a'])
      clock.advance(1)
      await answer()
      expect(log).toEqual(['a', 'a', 'a', 'a done'])
    },
  )

  test('what is refused for its own sake stops nothing else, and rests', async () => {
    const { it, write, answer, log } = writer()
    it.submit([write('bad'), write('good')])
    await answer(new ApiError(422, 'invalid'))
    await answer()
    expect(log).toEqual(['bad', 'good', 'good done'])
    expect(it.submit([write('bad')])).toBe(true)
  })

  test('writes nothing while another one may lead, and stops when what is on its way has ended', async () => {
    const { it, write, answer, log, forbid } = writer()
    it.submit([write('a')])
    forbid()
    it.submit([write('b')])
    let stopped = false
    const stopping = it.stop().then(() => {
      stopped = true
    })
    await Promise.resolve()
    expect(stopped).toBe(false)
    await answer()
    await stopping
    expect(log).toEqual(['a', 'a done'])
  })
})
