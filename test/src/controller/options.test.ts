import { expect, test } from 'vitest'
import { readControllerOptions } from '../../../src/controller/options.ts'
import { DEFAULTS } from '../../../src/options.ts'

const read = (changes: object, env: Readonly<Record<string, string>> = {}) =>
  readControllerOptions({ ...DEFAULTS, ...changes }, { env, hostName: 'h1' })

test('the flags of a controller have the documented defaults', () => {
  expect(read({ kubeconfig: '/k' })).toEqual({
    options: {
      kubeconfig: '/k',
      defaultClass: false,
      namespace: 'routelet-system',
      hostName: 'h1',
      http: { address: '127.0.0.1', port: 9179 },
      logLevel: 'info',
    },
  })
})

test('in a pod no kubeconfig is needed, and its address may stand in brackets whatever its family', () => {
  const inPod = { KUBERNETES_SERVICE_HOST: '10.96.0.1' }
  expect(read({ http: '[10.1.0.9]:9179' }, inPod)).toMatchObject({
    options: { http: { address: '10.1.0.9', port: 9179 } },
  })
})

test('every wrong flag is named at once', () => {
  const result = read({ http: 'x', namespace: 'N', logLevel: 'loud' })
  const flags = 'problems' in result ? result.problems.map((line) => line.split(/[ :]/)[0]) : []
  expect(flags).toEqual(['--kubeconfig', '--http', '--namespace', '--log-level'])
})
