import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ControlToCore, CoreToControl, DesiredState } from '../../src/contract.ts'
import { type ControlOptions, startControl } from '../../src/control.ts'
import { ApiError, type KubeClient, kubeClient } from '../../src/kube/client.ts'
import { documentsOf } from '../../src/objects/documents.ts'
import { isRecord } from '../../src/objects/read.ts'
import { eventually } from '../eventually.ts'
import {
  advertisement,
  config,
  endpoints,
  NAMESPACE,
  namespace,
  node,
  peer,
  secret,
  service,
} from '../fakes/objects.ts'
import { admissionCorpus } from '../src/objects/admission-corpus.ts'
import { type ApiServer, hasKubectl, startApiServer, whyNoApiServer } from './apiserver.ts'

const root = join(import.meta.dirname, '../..')
const reason = whyNoApiServer()

if (reason !== undefined) test(`skipped: ${reason}`, (context) => context.skip(reason))

describe.skipIf(reason !== undefined)('with a real API server', () => {
  let server: ApiServer
  let admin: KubeClient
  const running: { stop(): void }[] = []

  beforeAll(async () => {
    server = await startApiServer()
    admin = kubeClient(server.kubeconfig())
  })
  afterEach(() => {
    for (const control of running.splice(0)) control.stop()
  })
  afterAll(() => server?.stop())

  /** The control side as the agent of n1, and what it says to the core. */
  function agent(kubeconfig = server.kubeconfig(), changes: Partial<ControlOptions> = {}) {
    const sent: ControlToCore[] = []
    let receive: (message: CoreToControl) => void = () => {}
    const source = { type: 'kubernetes', kubeconfig } as const
    const control = startControl(
      { role: 'agent', source, node: 'n1', namespace: NAMESPACE, ...changes },
      {
        send: (message) => sent.push(message),
        onMessage: (callback) => {
          receive = callback
        },
      },
    )
    running.push(control)
    const applied = () => sent.flatMap((message): DesiredState[] => (message.type === 'Apply' ? [message.desired] : []))
    const health = () => sent.findLast((message) => message.type === 'Health')
    return {
      sent,
      applied,
      last: () => applied().at(-1),
      peers: () =>
        applied()
          .at(-1)
          ?.speaker.peers.map(({ name }) => name) ?? [],
      health,
      reports: () => receive({ type: 'Status', status: { sessions: [], ribRoutes: { ipv4: 7, ipv6: 0 } } }),
      synced: () => eventually('everything is read', () => health()?.synced && applied().length > 0, 20_000),
    }
  }

  test('missing CRDs are told in one line, and waited for', async () => {
    const { health } = agent()
    await eventually(
      'it is told',
      () => health()?.detail === 'the CRDs of routelet.io are not installed (manifests/crds)',
    )
    await installCrds(admin)
    await eventually('they are found', () => health()?.synced, 20_000)
  })

  describe('the verdict of the API server is ours:', () => {
    beforeAll(() => installCrds(admin))

    test.each(admissionCorpus.map((row) => [`${row.what} is ${row.refused ? 'refused' : 'accepted'}`, row] as const))(
      '%s',
      async (_, { object, refused }) => {
        const error = await create(admin, object, 'dryRun=All').then(
          () => undefined,
          (failure: unknown) => failure,
        )
        if (refused === undefined) {
          expect(error).toBeUndefined()
          return
        }
        expect(error).toBeInstanceOf(ApiError)
        // Faults of the schema have the server's own words; rules have ours.
        const words = refused.by === 'rule' ? [refused.path, refused.message] : [refused.path.replace(/^.*\./, '')]
        for (const word of words) expect((error as Error).message).toContain(word)
      },
    )
  })

  describe.skipIf(!hasKubectl())('kubectl applies', () => {
    test.each(['manifests', 'manifests/reflector', 'manifests/examples'])('%s', (folder) => {
      const said = server.kubectl(['apply', '--server-side', '-k', join(root, folder)])
      expect(
        said.split('\n').filter((line) => line !== '' && !/(serverside-applied|configured|unchanged)$/.test(line)),
      ).toEqual([])
    })

    test('and shows our kinds with their columns', () => {
      expect(server.kubectl(['get', 'rc', 'default'])).toMatch(
        /NAME +ASN +TOPOLOGY +ACCEPTED +AGE\ndefault +64512 +Auto/,
      )
      expect(server.kubectl(['get', 'routelet', '-o', 'name']).split('\n')).toContain(
        'bgppeer.routelet.io/rack-a-tor-1',
      )
      server.kubectl(['delete', '-k', join(root, 'manifests/examples')])
    })
  })

  describe('an agent', () => {
    beforeAll(async () => {
      await installCrds(admin)
      await apply(
        admin,
        namespace(NAMESPACE, {}),
        namespace('shop', {}),
        config({ topology: { mode: 'None' } }),
        node('n1'),
      )
      await apply(admin, service('shop/web', { type: 'LoadBalancer' }), endpoints('shop/web', ['n1']))
      await patchStatus(admin, service('shop/web'))
      await apply(admin, advertisement('all'))
    })
    afterEach(() => remove(admin, 'bgppeers'))

    test('says nothing before it has read everything, and then all at once', async () => {
      await apply(admin, peer('tor-1'))
      const { sent, last, synced } = agent()
      await synced()
      const before = sent.slice(
        0,
        sent.findIndex(({ type }) => type === 'Apply'),
      )
      expect(before.every(({ type }) => type === 'Health')).toBe(true)
      expect(last()?.announcements).toContainEqual({
        prefix: '203.0.113.1/32',
        object: 'Service shop/web',
        advertisement: 'all',
        peers: ['tor-1'],
      })
      expect(last()?.kernel?.protectedAddresses).toContain('127.0.0.1')
    })

    test('sees objects come, change and go', async () => {
      const { peers, last, synced } = agent()
      await synced()
      await apply(admin, peer('tor-1'))
      await eventually('tor-1 comes', () => peers().includes('tor-1'))
      await apply(admin, peer('tor-1', { port: 1179 }))
      await eventually('it changes', () => last()?.speaker.peers[0]?.port === 1179)
      await remove(admin, 'bgppeers')
      await eventually('it goes', () => peers().length === 0)
    })

    test('waits for a Secret and takes it when it comes', async () => {
      await apply(admin, peer('tor-1', { passwordSecretRef: { name: 'tor' } }))
      const { last, synced } = agent()
      await synced()
      expect(last()?.speaker.peers[0]?.heldDown).toBe('there is no Secret tor')
      await apply(admin, secret('tor', { password: 's3cret' }))
      await eventually('the password is known', () => last()?.speaker.peers[0]?.password === 's3cret')
    })

    test('keeps the last good version of an object that went bad, and says so on it', async () => {
      await apply(admin, peer('tor-1'))
      const { peers, last, synced } = agent()
      await synced()
      await apply(admin, peer('tor-1', { bfdProfile: 'fast' }))
      await eventually('the problem is told', () => last()?.problems.some(({ path }) => path === 'spec.bfdProfile'))
      expect(peers()).toEqual(['tor-1'])
      const condition = () => acceptedOf(admin, 'bgppeers/tor-1')
      await eventually('it is on the object', async () => (await condition())?.['status'] === 'False', 10_000)
      expect(await condition()).toMatchObject({
        reason: 'Invalid',
        message: 'spec.bfdProfile: not supported by this version',
      })
    })

    test('writes what the node does into its NodeRouting', async () => {
      const { reports, synced } = agent()
      await synced()
      reports()
      const routing = () => admin.request('GET', `${OURS}/noderoutings/n1`).catch(() => undefined)
      const written = await eventually(
        'it is written',
        async () => {
          const object = await routing()
          return isRecord(object) && isRecord(object['status']) && isRecord(object['status']['routes'])
            ? object
            : undefined
        },
        10_000,
      )
      expect(written).toMatchObject({
        metadata: { ownerReferences: [{ kind: 'Node', name: 'n1' }] },
        status: { observedConfiguration: { asn: 64512 }, routes: { ipv4: 7 }, establishedSessions: '0/0' },
      })
    })

    test('forgets nothing while the API server is killed, and sees what comes after it is back', async () => {
      await apply(admin, peer('tor-1'))
      const { applied, peers, health, synced } = agent()
      await synced()
      const before = applied().length
      await server.kill()
      await eventually('the loss is told', () => health()?.detail.includes('what is known stays in force'), 20_000)
      expect(health()?.synced).toBe(true)
      await server.start()
      expect(applied()).toHaveLength(before)
      await apply(admin, peer('tor-2', { address: '192.0.2.2' }))
      await eventually('tor-2 comes', () => peers().includes('tor-2'), 60_000)
      expect(peers()).toEqual(['tor-1', 'tor-2'])
    }, 120_000)
  })

  describe('with the roles of the manifests and no other', () => {
    beforeAll(async () => {
      await installCrds(admin)
      await apply(admin, namespace(NAMESPACE, {}), config({ topology: { mode: 'None' } }), node('n1'))
      for (const folder of ['manifests/agent', 'manifests/reflector']) {
        const objects = yamlObjects(folder).filter(({ kind }) => /Role|ServiceAccount/.test(String(kind)))
        await apply(admin, ...objects.map(inNamespace))
      }
    })

    test('the agent reads all it needs and writes its status', async () => {
      const { reports, synced, sent } = agent(server.kubeconfig(await tokenOf(admin, 'routelet-agent')))
      await admin.request('PATCH', `${OURS}/noderoutings/n1?fieldManager=test&force=true`, applyBody(routingOf('n1')))
      await synced()
      reports()
      await eventually(
        'its status is written',
        async () => {
          const object = await admin.request('GET', `${OURS}/noderoutings/n1`)
          return isRecord(object) && isRecord(object['status']) && isRecord(object['status']['routes'])
        },
        10_000,
      )
      await eventually(
        'it says that the RoutingConfig is accepted',
        async () => {
          return (await acceptedOf(admin, 'routingconfigs/default'))?.['status'] === 'True'
        },
        10_000,
      )
      expect(JSON.stringify(sent)).not.toContain('not allowed')
    })

    test('the reflector reads all it needs', async () => {
      const kubeconfig = server.kubeconfig(await tokenOf(admin, 'routelet-reflector'))
      const { synced, peers, sent } = agent(kubeconfig, { role: 'reflector', node: 'rr-1' })
      await synced()
      expect(peers()).toEqual(['client/n1'])
      expect(JSON.stringify(sent)).not.toContain('not allowed')
    })

    test.each([
      ['routelet-agent', 'GET', '/api/v1/secrets'],
      ['routelet-agent', 'GET', '/api/v1/namespaces/default/secrets'],
      ['routelet-agent', 'GET', '/api/v1/pods'],
      ['routelet-agent', 'PATCH', '/api/v1/nodes/n1'],
      ['routelet-agent', 'PATCH', '/apis/routelet.io/v1alpha1/bgppeers/tor-1'],
      ['routelet-reflector', 'GET', '/api/v1/services'],
      ['routelet-reflector', 'GET', '/api/v1/namespaces/default/secrets'],
      ['routelet-reflector', 'PATCH', '/apis/routelet.io/v1alpha1/noderoutings/n1'],
    ] as const)('%s may not %s %s', async (account, method, path) => {
      const client = kubeClient(server.kubeconfig(await tokenOf(admin, account)))
      const body = method === 'PATCH' ? { type: 'application/merge-patch+json' as const, value: {} } : undefined
      await expect(client.request(method, path, body)).rejects.toMatchObject({ status: 403 })
    })

    test('an agent that may not is told what it lacks', async () => {
      await admin.request('POST', `/api/v1/namespaces/default/serviceaccounts`, {
        type: 'application/json',
        value: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'nobody' } },
      })
      const { health } = agent(server.kubeconfig(await tokenOf(admin, 'nobody', 'default')))
      await eventually('it is told', () => health()?.detail.includes('not allowed to read Node'), 10_000)
      expect(health()?.synced).toBe(false)
    })
  })
})

const OURS = '/apis/routelet.io/v1alpha1'
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

type Raw = Record<string, unknown>

function yamlObjects(folder: string): Raw[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => documentsOf(readFileSync(join(root, folder, name), 'utf8'), name).objects)
    .map(({ raw }) => raw)
    .filter(isRecord)
}

async function installCrds(admin: KubeClient): Promise<void> {
  const crds = yamlObjects('manifests/crds').filter(({ kind }) => kind === 'CustomResourceDefinition')
  await apply(admin, ...crds)
  for (const crd of crds) {
    const { name } = crd['metadata'] as { name: string }
    await eventually(`${name} is served`, async () => {
      const object = await admin.request('GET', `${CRDS}/${name}`)
      return JSON.stringify(object).includes('"type":"Established"') && served(admin, name)
    })
  }
}

/** Established comes before the server answers for it. */
function served(admin: KubeClient, name: string): Promise<boolean> {
  return admin.request('GET', `${OURS}/${name.split('.')[0]}`).then(
    () => true,
    () => false,
  )
}

/** Where an object of any kind used here lives. */
function pathOf(object: object): string {
  const { apiVersion, kind, metadata } = object as { apiVersion: string; kind: string; metadata: Raw }
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const scope = metadata['namespace'] === undefined ? '' : `/namespaces/${metadata['namespace']}`
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies')
  return `${group}${scope}/${plural}`
}

function applyBody(value: object) {
  return { type: 'application/apply-patch+yaml', value } as const
}

async function apply(admin: KubeClient, ...objects: object[]): Promise<void> {
  for (const object of objects) {
    const { name } = (object as { metadata: { name: string } }).metadata
    const { status, ...rest } = object as Raw
    // Ports are not read by us, but a Service needs one.
    const value =
      rest['kind'] === 'Service' ? { ...rest, spec: { ...(rest['spec'] as Raw), ports: [{ port: 80 }] } } : rest
    await admin.request('PATCH', `${pathOf(object)}/${name}?fieldManager=test&force=true`, applyBody(value))
    if (rest['kind'] === 'Node') await patchStatus(admin, object)
  }
}

async function patchStatus(admin: KubeClient, object: object): Promise<void> {
  const { metadata, status } = object as { metadata: { name: string }; status: unknown }
  await admin.request('PATCH', `${pathOf(object)}/${metadata.name}/status`, {
    type: 'application/merge-patch+json',
    value: { status },
  })
}

function create(admin: KubeClient, object: object, query: string): Promise<unknown> {
  return admin.request('POST', `${pathOf(object)}?fieldValidation=Strict&${query}`, {
    type: 'application/json',
    value: object,
  })
}

/** Removes all objects of a kind. */
async function remove(admin: KubeClient, plural: string): Promise<void> {
  const list = await admin.request('GET', `${OURS}/${plural}`)
  const items = isRecord(list) && Array.isArray(list['items']) ? list['items'] : []
  for (const item of items) {
    await admin.request('DELETE', `${OURS}/${plural}/${item.metadata.name}`)
  }
}

async function acceptedOf(admin: KubeClient, path: string): Promise<Raw | undefined> {
  const object = await admin.request('GET', `${OURS}/${path}`)
  const status = isRecord(object) ? object['status'] : undefined
  const conditions = isRecord(status) && Array.isArray(status['conditions']) ? status['conditions'] : []
  return conditions.find((one) => one.type === 'Accepted')
}

function inNamespace(object: Raw): Raw {
  if (String(object['kind']).startsWith('Cluster')) return object
  return { ...object, metadata: { ...(object['metadata'] as Raw), namespace: NAMESPACE } }
}

async function tokenOf(admin: KubeClient, account: string, where = NAMESPACE): Promise<string> {
  const path = `/api/v1/namespaces/${where}/serviceaccounts/${account}/token`
  const value = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
  const answer = await admin.request('POST', path, { type: 'application/json', value })
  return (answer as { status: { token: string } }).status.token
}

function routingOf(name: string): object {
  return { apiVersion: 'routelet.io/v1alpha1', kind: 'NodeRouting', metadata: { name } }
}
