import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/platform/clock.ts'

test('a timer fires once, and not before its time', async () => {
  const since = systemClock.now()
  let fired = 0
  await new Promise<void>((resolve) => {
    systemClock.after(5.4, () => {
      fired++
      resolve()
    })
  })
  expect(systemClock.now() - since).toBeGreaterThanOrEqual(5.4)
  expect(fired).toBe(1)
})

test('a timer that is cancelled does not fire, however far it is', async () => {
  let fired = false
  const cancels = [0, 1, 2 ** 31, 2 ** 40].map((ms) => systemClock.after(ms, () => (fired = true)))
  for (const cancel of cancels) cancel()
  await new Promise<void>((resolve) => systemClock.after(5, resolve))
  expect(fired).toBe(false)
})

test('a wait longer than a timer of Node can be does not fire at once', async () => {
  let fired = false
  const cancel = systemClock.after(2 ** 40, () => (fired = true))
  for (let i = 0; i < 10; i++) await turn()
  expect(fired).toBe(false)
  cancel()
})

test('soon is after the present call, in order', async () => {
  const order: string[] = []
  systemClock.soon(() => order.push('one'))
  systemClock.soon(() => order.push('two'))
  order.push('now')
  await turn()
  expect(order).toEqual(['now', 'one', 'two'])
})

test('wall time is the time of day', () => {
  expect(new Date(systemClock.wallTime()).getUTCFullYear()).toBeGreaterThanOrEqual(2025)
})
