import { expect, test } from 'vitest'
import { ChunkLog } from '../../../bgp/rib/chunk-log.ts'
import { GroupMember, type MemberSink } from '../../../bgp/rib/group-member.ts'
import type { UpdateGroup } from '../../../bgp/rib/update-group.ts'

const chunk = { octets: new Uint8Array(20_000), starts: [0], sources: [0], before: [0], messages: 1 }

function stage(caughtUp: (member: GroupMember) => void) {
  const group = { primed: true, version: 7, catchUp: () => 0, chunks: new ChunkLog() } as unknown as UpdateGroup
  let writes = 0
  const sink: MemberSink = {
    write: () => {
      writes++
      return false
    },
    unsentOctets: 5 * 1024 * 1024,
    caughtUp: () => caughtUp(member),
  }
  const member = new GroupMember(group, 2, sink)
  return { group, member, writes: () => writes }
}

test('what a member is told once it is caught up is sent whole, however much it is: nobody would send it again', () => {
  const { member, writes } = stage((one) => {
    for (let i = 0; i < 5; i++) one.deliver(chunk)
  })
  member.step()
  expect(writes()).toBe(5)
})

test('of a flush that is too much for its socket it takes no more, and catches up later', () => {
  const { group, member, writes } = stage(() => {})
  member.step()
  expect(member.live).toBe(true)
  for (let i = 0; i < 5; i++) group.chunks.append({ chunk, version: 8, only: undefined })
  member.take()
  expect(writes()).toBe(1)
  expect([member.live, member.hungry]).toEqual([false, false])
  member.drained()
  expect(member.hungry).toBe(true)
})
