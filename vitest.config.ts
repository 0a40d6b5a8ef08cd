import { defineConfig } from 'vitest/config'

/** `unit` needs nothing, and its files share a process: loading the modules anew for each takes longer than all tests; `system` makes namespaces, starts other daemons, and runs one file at a time; `fuzz` goes on for as long as it is given. */
const FUZZ = ['test/fuzz/**/*.test.ts']
const SYSTEM = ['test/{interop,e2e,kernel,lab}/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...SYSTEM, ...FUZZ], isolate: false } },
      { test: { name: 'fuzz', include: FUZZ } },
      {
        test: {
          name: 'system',
          include: SYSTEM,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
