import { builtinModules } from 'node:module'

// What `bin/routelet` runs. Hundreds of modules would take half of a start, so what is loaded together is one file.
// What every command needs.
const BASE = /src\/(failure|version|options|api\/contract|platform\/(clock|http))\.ts/
const OBJECTS = /src\/(files|objects|kinds|desired|control\.ts)|node_modules\/(yaml|@marcbachmann)\//
const ENGINE =
  /\/bgp\/|routing\/ip\/|src\/(core|node|ending|control-link|kernel-feed|state-dir|state-keeper)\.ts|src\/threads\/(supervisor|control-here|load-aside)|src\/platform\/(tcp|socket)|src\/api\/(server|handlers)|src\/telemetry\/(log|health)|node_modules\/(pino|@pinojs|sonic-boom|smart-buffer|thread-stream|quick-format|safe-stable|on-exit|atomic-sleep)/

export default {
  input: {
    main: 'src/main.ts',
    'control-thread': 'src/threads/control-thread.ts',
    'load-thread': 'src/threads/load-thread.ts',
    pod: 'src/lab/pod.ts',
    client: 'src/lab/client.ts',
  },
  platform: 'node',
  // Native code is found by where it lies.
  external: ['koffi', /^netlink/, ...builtinModules, /^node:/],
  output: {
    dir: 'dist',
    entryFileNames: '[name].js',
    chunkFileNames: 'part-[name].js',
    // Names stay as they are, for traces; white space goes, for the runtime holds the text of what it runs.
    minify: { compress: false, mangle: false, codegen: true },
    codeSplitting: {
      groups: [
        { name: 'base', test: BASE, priority: 1 },
        { name: 'objects', test: OBJECTS },
        { name: 'engine', test: ENGINE },
      ],
    },
  },
}
