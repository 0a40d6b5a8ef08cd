import { systemCall } from './libc.ts'

const CLONE_NEWNET = 0x40000000

/**
 * Puts this thread, and every process it starts from now on, into a new network namespace that has nothing but a
 * loopback interface. There is no way back, and nothing done afterwards reaches the namespace it left.
 */
export function enterNewNetworkNamespace(): void {
  systemCall('cannot make a network namespace', 'unshare', CLONE_NEWNET)
}
