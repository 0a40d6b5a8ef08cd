import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../bgp/ports.ts'
import { type Loaded, loadFiles, signatureOf } from './load.ts'

/** Where notifications do not come (network file systems), changes show within this time. */
const POLL_MS = 2_000
/** Editors and kubelet touch several files at a time. */
const SETTLE_MS = 20

/** How files are read: here, or in another thread. */
export type LoadFiles = (path: string) => Promise<Loaded>

/** Reads the files and reads them again whenever they change; `loaded` is called once for the start and for each change. */
export function watchFiles(
  path: string,
  clock: Clock,
  loaded: (files: Loaded) => void,
  load: LoadFiles = loadFiles,
): { stop(): void } {
  const source = new WatchedFiles(path, clock, loaded, load)
  source.start()
  return source
}

class WatchedFiles {
  readonly #path: string
  readonly #clock: Clock
  readonly #loaded: (files: Loaded) => void
  readonly #load: LoadFiles
  #watcher: FSWatcher | undefined
  #cancelTimer: (() => void) | undefined
  #signature: string | undefined
  #busy = false
  #again = false
  #stopped = false

  constructor(path: string, clock: Clock, loaded: (files: Loaded) => void, load: LoadFiles) {
    this.#path = path
    this.#clock = clock
    this.#loaded = loaded
    this.#load = load
  }

  start(): void {
    this.#watch()
    void this.#look()
  }

  stop(): void {
    this.#stopped = true
    this.#watcher?.close()
    this.#cancelTimer?.()
  }

  /** A single file is watched through its directory: a rename onto it would leave a watch on the file behind. */
  #watch(): void {
    try {
      const directory = statSync(this.#path).isDirectory() ? this.#path : dirname(this.#path)
      this.#watcher = watch(directory, () => this.#lookIn(SETTLE_MS))
      this.#watcher.on('error', () => this.#unwatch())
    } catch {
      // No watch to be had; the poll remains, and tries again.
    }
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  async #look(): Promise<void> {
    if (this.#busy) {
      this.#again = true
      return
    }
    this.#busy = true
    if (this.#watcher === undefined) this.#watch()
    const signature = await signatureOf(this.#path)
    if (signature !== this.#signature) {
      const files = await this.#load(this.#path).catch((error: unknown) => unreadable(this.#path, signature, error))
      // That of the reading itself: a change since `signature` was taken is in it, or shows next time.
      this.#signature = files.signature
      if (!this.#stopped) this.#loaded(files)
    }
    this.#busy = false
    this.#lookIn(this.#again ? SETTLE_MS : POLL_MS)
    this.#again = false
  }

  #lookIn(ms: number): void {
    this.#cancelTimer?.()
    if (!this.#stopped) this.#cancelTimer = this.#clock.after(ms, () => void this.#look())
  }
}

/** What the reading itself broke on, and not what it found. */
function unreadable(path: string, signature: string, error: unknown): Loaded {
  const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
  return { objects: [], problems: [{ kind: 'Invalid', object: path, file: path, path: '', message }], signature }
}
