import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PeerStatus } from '../../bgp/contract.ts'
import { fetchDocument } from '../api/client.ts'
import type { PeerListDocument, Role } from '../api/contract.ts'
import { yamlText } from '../objects/yaml.ts'
import { entryPoint } from '../version.ts'
import type { Netns } from './netns.ts'
import type { LabObject } from './objects.ts'
import type { Programs } from './programs.ts'

/** The routelets of the lab: their files, sockets and processes. */
export class Routelets {
  readonly #dir: string
  readonly #programs: Programs

  constructor(dir: string, programs: Programs) {
    this.#dir = dir
    this.#programs = programs
  }

  /** Starts one; several may share a folder of objects, as the nodes of a cluster share its API. */
  async start(role: Role, netns: Netns, name: string, objects: readonly LabObject[], folder = name): Promise<void> {
    const config = join(this.#dir, 'config', folder)
    await mkdir(config, { recursive: true })
    await writeFile(join(config, 'objects.yaml'), objects.map(yamlText).join('---\n'))
    const places = ['--socket', this.socket(name), '--state-dir', join(this.#dir, 'state', name)]
    const argv = [process.execPath, entryPoint('main'), role, '--node', name, '--config', config, ...places]
    this.#programs.start(netns, name, argv)
  }

  socket(name: string): string {
    return join(this.#dir, `${name}.sock`)
  }

  async peers(name: string): Promise<readonly PeerStatus[]> {
    return (await fetchDocument<PeerListDocument>(this.socket(name), '/v1/peers')).items
  }
}
