import type { Scenario } from '../scenario.ts'

/** A BGP daemon that can be put under test. */
export interface Daemon {
  readonly name: string
  /** What is installed below `root`, with its version; undefined: not there, and `howToAdd` says how to get it. */
  find(root: string): string | undefined
  readonly howToAdd: string
  /** Its configuration can have the policies of the shape `policies`. */
  readonly hasPolicies?: true
  /** Writes its configuration into `folder` and says what is to be started, in order; it listens on `listen` port 179. */
  prepare(setup: Setup): readonly (readonly string[])[]
  /** The same for one that installs what internal peers tell it into the kernel; absent: it is not measured so. */
  prepareKernel?(place: Place): readonly (readonly string[])[]
}

export interface Setup extends Place {
  readonly scenario: Scenario
}

export interface Place {
  readonly folder: string
  readonly listen: string
  /** Where the daemon is installed: `/`, or the root of another Debian. */
  readonly root: string
}

/** How a program below another root is started. */
export function below(root: string, argv: readonly string[]): readonly string[] {
  return root === '/' ? argv : ['chroot', root, ...argv]
}
