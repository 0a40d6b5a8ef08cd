import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { NETLINK_ROUTE } from './constants.ts'

/** The package hides the descriptor; the kernel says which inode has our port, and which descriptor has the inode. */
export function descriptorOf(port: number): number | undefined {
  const inode = socketRow(port)?.inode
  return readdirSync('/proc/self/fd')
    .map(Number)
    .find((each) => linkOf(each) === `socket:[${inode}]`)
}

/** How many messages the socket has lost for want of room. */
export function dropsOf(port: number): number {
  return socketRow(port)?.drops ?? 0
}

/** Our line of: sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode. */
function socketRow(port: number): { readonly drops: number; readonly inode: number } | undefined {
  for (const line of readFileSync('/proc/thread-self/net/netlink', 'utf8').split('\n')) {
    const [, protocol, owner, , , , , , drops, inode] = line.trim().split(/\s+/)
    if (Number(protocol) === NETLINK_ROUTE && Number(owner) === port >>> 0) {
      return { drops: Number(drops), inode: Number(inode) }
    }
  }
  return undefined
}

function linkOf(descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    // It was the one that listed the directory.
    return undefined
  }
}
