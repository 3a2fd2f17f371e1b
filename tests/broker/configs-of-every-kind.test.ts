import { expect, test } from 'vitest'
import type { Logger } from '../../host/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { brokerAndClient } from './support.ts'
import type { WireClient } from './wire-client.ts'

const BROKER = 4
const LOGGER = 8
const CLIENT_METRICS = 16
const GROUP = 32

async function alter(
  client: WireClient,
  resourceType: number,
  resourceName: string,
  changes: Record<string, string | null>,
  validateOnly = false,
): Promise<number> {
  const configs = Object.entries(changes).map(([name, value]) => {
    return { name, value, configOperation: value === null ? 1 : 0 }
  })
  const resources = [{ resourceType, resourceName, configs }]
  const request = { resources, validateOnly }
  const { responses } = await client.ask(ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, request)
  return responses[0].errorCode
}

async function told(client: WireClient, resourceType: number, resourceName: string, name: string) {
  const { results } = await client.ask(ApiKey.DESCRIBE_CONFIGS, 4, {
    resources: [{ resourceType, resourceName, configurationKeys: [name] }],
    includeSynonyms: true,
  })
  return results[0].configs[0]
}

async function listed(client: WireClient, resourceTypes: number[]): Promise<string[]> {
  const answer = await client.ask(ApiKey.LIST_CONFIG_RESOURCES, 1, { resourceTypes })
  return answer.configResources.map((one: { resourceName: string }) => one.resourceName)
}

test('configs of groups and of client metrics are told, and outlive a restart', async () => {
  await using pair = await brokerAndClient()
  const { client, broker } = pair
  expect(await alter(client, GROUP, 'g', { 'consumer.session.timeout.ms': '50000' })).toBe(0)
  expect(await alter(client, CLIENT_METRICS, 'm', { metrics: ' a , b ' })).toBe(0)
  await broker.restart()
  const again = await pair.connect()
  expect(await told(again, GROUP, 'g', 'consumer.session.timeout.ms')).toMatchObject({
    value: '50000',
    configSource: 8,
    synonyms: [
      { name: 'consumer.session.timeout.ms', value: '50000', source: 8 },
      { name: 'group.consumer.session.timeout.ms', value: '45000', source: 5 },
    ],
  })
  const metrics = { value: 'a,b', configSource: 7 }
  expect(await told(again, CLIENT_METRICS, 'm', 'metrics')).toMatchObject(metrics)
  expect(await listed(again, [GROUP])).toEqual(['g'])
  expect(await listed(again, [CLIENT_METRICS])).toEqual(['m'])
  expect(await alter(again, CLIENT_METRICS, 'm', { metrics: null })).toBe(0)
  expect(await listed(again, [CLIENT_METRICS])).toEqual([])
  again.destroy()
})

test('the level of a logger changes while the broker runs, and is not kept', async () => {
  const nothing = () => {}
  const log: Logger = {
    ...{ debug: nothing, info: nothing, warn: nothing, error: nothing, fatal: nothing },
    child: () => log,
  }
  await using pair = await brokerAndClient({ log })
  const { client } = pair
  expect(await told(client, LOGGER, '1', 'root')).toMatchObject({ value: 'TRACE', configSource: 6 })
  expect(await alter(client, LOGGER, '1', { root: 'ERROR' }, true)).toBe(0)
  expect((await told(client, LOGGER, '1', 'root')).value).toBe('TRACE')
  expect(await alter(client, LOGGER, '1', { root: 'ERROR', groups: 'DEBUG' })).toBe(0)
  expect((await told(client, LOGGER, '1', 'root')).value).toBe('ERROR')
  expect((await told(client, LOGGER, '1', 'groups')).value).toBe('DEBUG')
  expect(await alter(client, LOGGER, '1', { groups: null })).toBe(0)
  expect((await told(client, LOGGER, '1', 'groups')).value).toBe('ERROR')
  expect(await alter(client, LOGGER, '1', { root: 'error' })).toBe(ErrorCode.INVALID_CONFIG)
  expect(await alter(client, LOGGER, '1', { root: null })).toBe(ErrorCode.INVALID_REQUEST)
  expect(await alter(client, LOGGER, '1', { 'no.such': 'INFO' })).toBe(ErrorCode.INVALID_CONFIG)
  expect(await alter(client, LOGGER, '2', { root: 'INFO' })).toBe(ErrorCode.INVALID_REQUEST)
})

test('the broker tells its number, and of a config given twice the last value counts', async () => {
  await using pair = await brokerAndClient()
  const { client } = pair
  expect(await told(client, BROKER, '1', 'node.id')).toMatchObject({ value: '1', configSource: 4 })
  expect((await told(client, BROKER, '1', 'broker.id')).value).toBe('1')
  const configs = [
    { name: 'retention.ms', value: '1' },
    { name: 'retention.ms', value: ' +2' },
  ]
  const { topics } = await client.ask(ApiKey.CREATE_TOPICS, 7, {
    topics: [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
    timeoutMs: 10_000,
  })
  expect(topics[0].errorCode).toBe(0)
  expect((await told(client, 2, 't', 'retention.ms')).value).toBe('2')
})
