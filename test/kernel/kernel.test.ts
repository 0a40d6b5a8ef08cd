import { spawn } from 'node:child_process'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Kernel } from '../../routing/kernel.ts'
import { netlinkTuning } from '../../src/platform/netlink-tuning.ts'
import { CONFIG, hops, type KernelWorld, kernelContract, words } from '../contracts/kernel-routes.ts'
import { eventually } from '../eventually.ts'
import { recordingLog } from '../fakes/log.ts'
import { enterTestNamespace, ip, ipBatch, reasonToSkip, runAsNobody } from './namespace.ts'
import { kernelRoutes, realWorld, type WorldOptions, withoutNextHops } from './world.ts'

const skip = reasonToSkip()
const MANY = 50_000

describe.skipIf(skip)(`Linux${skip ? ` (skipped: ${skip})` : ''}`, () => {
  let kernel: Kernel | undefined

  beforeAll(enterTestNamespace)
  afterEach(async () => {
    await kernel?.close({ keepRoutes: true })
    kernel = undefined
  })

  for (const groups of [true, false])
    kernelContract(`the kernel side over the real kernel, ${groups ? 'with' : 'without'} next-hop groups`, () =>
      realWorld({ groups }),
    )

  async function open(options: WorldOptions = {}): Promise<Kernel> {
    const world = realWorld(options)
    world.addLink('west', '192.0.2.1/24')
    return again(world)
  }

  async function again(world: KernelWorld): Promise<Kernel> {
    kernel = await world.open()
    kernel.configure(CONFIG)
    await idle(kernel)
    return kernel
  }

  const idle = (of: Kernel) => eventually('the kernel side is idle', () => of.idle, 30_000)

  /** 10.x.y.0/24, so many of them. */
  function wantMany(of: Kernel, count: number): void {
    const nextHops = hops('192.0.2.2')
    for (let i = 0; i < count; i++) of.want({ ...words('10.0.0.0/24'), w0: (0x0a000000 + i * 256) >>> 0 }, nextHops)
  }

  test(`${MANY} routes are written in a few seconds, without holding the event loop`, async () => {
    const it = await open()
    const since = performance.now()
    wantMany(it, MANY)
    await idle(it)
    expect(performance.now() - since).toBeLessThan(5_000)
    expect(it.counts()).toMatchObject({ wanted: MANY, installed: MANY })
    expect(kernelRoutes()).toHaveLength(MANY)
  })

  test('the next run takes over what is there, and writes nothing', async () => {
    const world = realWorld()
    world.addLink('west', '192.0.2.1/24')
    const first = await again(world)
    wantMany(first, 1_000)
    await idle(first)
    await first.close({ keepRoutes: true })

    const monitor = spawn('ip', ['monitor', 'route'], { stdio: ['ignore', 'pipe', 'ignore'] })
    let heard = ''
    monitor.stdout.on('data', (chunk) => {
      heard += chunk
    })
    const marker = (n: number) => ip(`route add blackhole 203.0.113.${n}/32 proto 4`)
    await eventually('the monitor listens', () => {
      ip('route replace blackhole 203.0.113.1/32 proto 4')
      return heard.includes('203.0.113.1')
    })
    const second = await again(world)
    wantMany(second, 1_000)
    second.converged()
    await idle(second)
    expect(second.counts()).toMatchObject({ installed: 1_000 })
    marker(2)
    await eventually('the marker', () => heard.includes('203.0.113.2'))
    monitor.kill()
    const lines = heard.split('\n').filter((line) => line !== '' && !line.includes('203.0.113.'))
    expect(lines).toEqual([])
  })

  describe('when more happens than fits the receive buffer', () => {
    let log: ReturnType<typeof recordingLog>
    beforeEach(() => {
      log = recordingLog()
    })

    test('all is read anew, and put right', async () => {
      const small = {
        ...netlinkTuning,
        forceReceiveBuffer: (fd: number) => netlinkTuning.forceReceiveBuffer(fd, 4_096),
      }
      const it = await open({ tuning: small, log })
      wantMany(it, 2_000)
      await idle(it)
      const all = kernelRoutes()
      ipBatch(all.slice(0, 1_500).map((route) => `route del ${withoutNextHops(route)}`))
      await eventually('the loss is seen', () => log.lines.some((line) => line.message.includes('lost')))
      await eventually('all are there again', () => it.idle && kernelRoutes().length === 2_000)
      expect(kernelRoutes()).toEqual(all)
    })
  })

  test('a link that is removed takes its routes with it', async () => {
    const it = await open()
    wantMany(it, 10)
    await idle(it)
    ip('link del west')
    await eventually('they wait', () => it.counts().inactive === 10 && it.idle)
    expect(it.counts()).toMatchObject({ wanted: 10, installed: 0, failed: 0 })
  })

  test('without the right to change routes it says so in one line', () => {
    const said = runAsNobody(`
      import { openKernel } from '${new URL('../../routing/kernel.ts', import.meta.url)}'
      import { systemClock as clock } from '${new URL('../../src/platform/clock.ts', import.meta.url)}'
      import { netlinkTuning as tuning } from '${new URL('../../src/platform/netlink-tuning.ts', import.meta.url)}'
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      try { await openKernel({ clock, log, tuning }) } catch (error) { console.log(error.code + ' ' + error.message) }
    `)
    expect(said).toBe('EPERM cannot change kernel routes, CAP_NET_ADMIN is missing: EPERM\n')
  })
})
