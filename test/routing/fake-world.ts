import { setImmediate as turn } from 'node:timers/promises'
import { type Kernel, startKernel } from '../../routing/kernel.ts'
import type { KernelWorld } from '../contracts/kernel-routes.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeKernel } from '../fakes/kernel.ts'
import { silentLog } from '../fakes/log.ts'

const STEP_MS = 10
const DEADLINE_MS = 120_000

/** A fake kernel under a fake clock. */
export class FakeWorld implements KernelWorld {
  readonly clock = new FakeClock()
  readonly kernel: FakeKernel

  readonly groups?: () => string[]
  readonly deleteGroups?: () => void

  constructor(hasGroups = true) {
    this.kernel = new FakeKernel(this.clock, hasGroups)
    if (!hasGroups) return
    this.groups = () => this.kernel.groupTexts()
    this.deleteGroups = () => {
      for (const id of this.kernel.groups) this.kernel.deleteGroup(id)
    }
  }

  /** A new run of the kernel side; what was to fail in the old one does not matter to it. */
  async open(): Promise<Kernel> {
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

  addLink(name: string, ...addresses: string[]): void {
    this.kernel.addLink(name, ...addresses)
  }

  setLink(name: string, state: 'up' | 'down'): void {
    this.kernel.setLink(name, state)
  }

  addRoute(route: string): void {
    this.kernel.addRoute(route)
  }

  replaceRoute(route: string): void {
    this.kernel.replaceRoute(route)
  }

  deleteRoute(route: string): void {
    this.kernel.deleteRoute(route)
  }

  routes(): string[] {
    return this.kernel.routes()
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (let ms = 0; ms < DEADLINE_MS; ms += STEP_MS) {
      this.clock.runUntilIdle()
      // What promises wait for comes between turns.
      await turn()
      if (condition()) return
      this.clock.advance(STEP_MS)
    }
    throw new Error(`not within ${DEADLINE_MS} ms: ${what}`)
  }

  now(): number {
    return this.clock.now()
  }
}
