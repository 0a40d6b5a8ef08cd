import { kernelContract } from '../contracts/kernel-routes.ts'
import type { Failure } from '../fakes/kernel.ts'
import { FakeWorld } from './fake-world.ts'

for (const hasGroups of [true, false])
  kernelContract(
    `the kernel side over a fake kernel ${hasGroups ? 'with' : 'without'} next-hop groups`,
    () => new FakeWorld(hasGroups),
  )

const FAILURES: Failure[] = [
  { call: 'add', errno: 'ENETUNREACH' },
  { call: 'add', errno: 'EEXIST' },
  { call: 'replace', errno: 'ENOENT' },
  { call: 'replace', errno: 'EINVAL' },
  { call: 'delete', errno: 'EBUSY' },
  { call: 'group', errno: 'ENETUNREACH' },
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
