import { setImmediate as turn } from 'node:timers/promises'
import { startKernel } from '../../routing/kernel.ts'
import { type KernelWorld, kernelContract } from '../contracts/kernel-routes.ts'
import { FakeClock } from '../fakes/clock.ts'
import { type Failure, FakeKernel } from '../fakes/kernel.ts'
import { silentLog } from '../fakes/log.ts'

const STEP_MS = 10

class FakeWorld implements KernelWorld {
  readonly clock = new FakeClock()
  readonly kernel = new FakeKernel(this.clock)

  async open() {
    this.kernel.forgetFailures()
    const opening = startKernel({
      clock: this.clock,
      log: silentLog,
      routes: this.kernel,
      links: this.kernel,
      seed: 7,
    })
    this.clock.runUntilIdle()
    return opening
  }

  addLink(name: string, ...addresses: string[]) {
    this.kernel.addLink(name, ...addresses)
  }

  setLink(name: string, state: 'up' | 'down') {
    this.kernel.setLink(name, state)
  }

  addRoute(route: string) {
    this.kernel.addRoute(route)
  }

  replaceRoute(route: string) {
    this.kernel.replaceRoute(route)
  }

  deleteRoute(route: string) {
    this.kernel.deleteRoute(route)
  }

  routes() {
    return this.kernel.routes()
  }

  async until(_: string, condition: () => boolean) {
    for (let ms = 0; ms < 120_000; ms += STEP_MS) {
      this.clock.runUntilIdle()
      // What promises wait for comes between turns.
      await turn()
      if (condition()) return
      this.clock.advance(STEP_MS)
    }
    throw new Error('it never holds')
  }

  now() {
    return this.clock.now()
  }
}

kernelContract('the kernel side over a fake kernel', () => new FakeWorld())

const FAILURES: Failure[] = [
  { call: 'add', errno: 'ENETUNREACH' },
  { call: 'add', errno: 'EEXIST' },
  { call: 'replace', errno: 'ENOENT' },
  { call: 'replace', errno: 'EINVAL' },
  { call: 'delete', errno: 'EBUSY' },
  { call: 'dump' },
  { call: 'apply' },
  { call: 'links' },
]

for (const failure of FAILURES) {
  const what = 'errno' in failure ? `${failure.call} fails with ${failure.errno}` : `${failure.call} fails`
  kernelContract(
    `the kernel side when the next ${what}`,
    () => new FakeWorld(),
    (world) => {
      if (world instanceof FakeWorld) world.kernel.failNext(failure)
    },
  )
}
