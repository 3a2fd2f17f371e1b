import { expect, test } from 'vitest'
import { BrokerServer } from '../../broker/broker.ts'
import { changesOf } from '../../broker/cluster-log.ts'
import { AlterOperation } from '../../broker/config/alter.ts'
import { loadConfig } from '../../broker/config/load.ts'
import { emptyImage } from '../../broker/image/image.ts'
import { type SimHost, simHost } from '../../host/sim/host.ts'
import { ApiKey } from '../../protocol/api-keys.ts'
import { HandMember } from './coordinator/support.ts'
import { createTopic } from './support.ts'
import { WireClient } from './wire-client.ts'

const overrides = { listeners: 'PLAINTEXT://127.0.0.1:9092', 'offsets.topic.num.partitions': '1' }

async function withBroker(run: (client: WireClient, host: SimHost) => Promise<void>) {
  const host = simHost({ seed: 1 })
  await host.run(async () => {
    const { config } = loadConfig({ overrides })
    const server = await BrokerServer.start({ host, config, folder: '/data' })
    const client = await WireClient.connect(host.net, 9092)
    await run(client, host)
    client.destroy()
    await server.stop()
  })
}

function told(host: SimHost, part: string): string[] {
  return host.log.find('info', part).map(({ message }) => message)
}

function passed(host: SimHost, ms: number): Promise<void> {
  return new Promise(resolve => host.clock.schedule(ms, resolve))
}

test('joins, rebalances and expiries are told with reasons, heartbeats are not', async () => {
  await withBroker(async (client, host) => {
    const member = new HandMember(client, 'g')
    await member.join()
    await member.sync(5, { [member.memberId]: 'all' })
    for (let at = 0; at < 5; at++) await member.heartbeat()
    await passed(host, 20_000)
    const { memberId } = member
    expect(told(host, 'group g')).toEqual([
      `group g: member ${memberId} joins`,
      'group g: a rebalance begins, because a member joined',
      expect.stringMatching(
        /^group g: the rebalance is done: generation 1, 1 members, 3\d\d\d ms$/,
      ),
      `group g: member ${memberId} is dropped: nothing was heard from it for 10000 ms`,
      'group g: a rebalance begins, because a member was not heard from',
      'group g: has no members any more',
    ])
    const [line] = host.log.find('info', 'is dropped')
    expect(line!.fields).toMatchObject({ groupId: 'g', memberId, generation: 1 })
  })
})

test('a leave is told with what the client says of it', async () => {
  await withBroker(async (client, host) => {
    const member = new HandMember(client, 'g')
    await member.join()
    await member.sync(5, { [member.memberId]: 'all' })
    const { memberId } = member
    const members = [{ memberId, groupInstanceId: null, reason: 'deploying' }]
    await client.ask(ApiKey.LEAVE_GROUP, 5, { groupId: 'g', members })
    expect(told(host, 'left')).toEqual([
      `group g: member ${memberId} left: deploying`,
      'group g: a rebalance begins, because members left',
    ])
  })
})

test('topics and configs are told as they change, from what to what', async () => {
  await withBroker(async (client, host) => {
    await createTopic(client, 't')
    const { SET, DELETE } = AlterOperation
    const alter = (resourceType: number, resourceName: string, configs: object[]) =>
      client.ask(ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, {
        resources: [{ resourceType, resourceName, configs }],
        validateOnly: false,
      })
    const set = (name: string, value: string) => ({ name, configOperation: SET, value })
    await alter(2, 't', [set('retention.ms', '5')])
    await alter(2, 't', [set('retention.ms', '6')])
    await alter(2, 't', [{ name: 'retention.ms', configOperation: DELETE, value: null }])
    await alter(4, '', [set('num.partitions', '3')])
    await client.ask(ApiKey.DELETE_TOPICS, 5, { topicNames: ['t'], timeoutMs: 1000 })
    const lines = host.log.lines.filter(({ fields }) => fields['part'] === 'cluster')
    expect(lines.map(({ message }) => message)).toEqual([
      'topic t is created with 1 partition',
      'retention.ms of topic t is changed from unset to 5',
      'retention.ms of topic t is changed from 5 to 6',
      'retention.ms of topic t is changed from 6 to unset',
      'num.partitions of all brokers is changed from unset to 3',
      'topic t is deleted',
    ])
  })
})

test('the value of a secret is not told', () => {
  const before = emptyImage('c')
  const name = 'listener.name.a.ssl.keystore.password'
  const after = { ...before, brokerConfigs: new Map([['1', new Map([[name, 'hush']])]]) }
  const notes = changesOf(before, after)
  expect(notes.map(({ message }) => message)).toEqual([
    `${name} of broker 1 is changed from unset to (hidden)`,
  ])
  expect(JSON.stringify(notes)).not.toContain('hush')
})
