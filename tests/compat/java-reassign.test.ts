/** kafka-reassign-partitions against a spawned broker: throttles are set, told, and cleared. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeHost } from '../../host/node/host.ts'
import { WireClient } from '../broker/wire-client.ts'
import { create, describe, Resource } from './support/config-peers.ts'
import { kafkaJars, kafkaUnavailable, SHORT_LIVED } from './support/kafka.ts'
import { run } from './support/programs.ts'
import { spawnBroker } from './support/spawned-broker.ts'

const MINUTE_MS = 60_000
const TOOL = 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand'
const BROKER_THROTTLES = [
  'follower.replication.throttled.rate',
  'leader.replication.throttled.rate',
]
const TOPIC_THROTTLES = [
  'follower.replication.throttled.replicas',
  'leader.replication.throttled.replicas',
]

/** The throttles that are set, of the broker and of the topic: name=value. */
async function throttles(client: WireClient): Promise<string[]> {
  const ofBroker = await describe(client, Resource.BROKER, '1', BROKER_THROTTLES)
  const ofTopic = await describe(client, Resource.TOPIC, 'moved', TOPIC_THROTTLES)
  return [ofBroker, ofTopic]
    .flatMap(({ configs }) => [...configs.values()])
    .filter(({ fields }) => fields['source'] !== '5')
    .map(({ name, value }) => `${name}=${value}`)
    .sort()
}

test.skipIf(await kafkaUnavailable())(
  'kafka-reassign-partitions clears the throttle that it has set',
  { timeout: 5 * MINUTE_MS },
  async () => {
    const jars = await kafkaJars()
    await using broker = await spawnBroker({ 'node.id': '1' })
    const folder = mkdtempSync(join(tmpdir(), 'ottla-reassign-'))
    const { net } = nodeHost({ log: { level: 'silent' } })
    const client = await WireClient.connect(net, broker.port)
    try {
      expect(await create(client, 'moved')).toBe(0)
      const plan = join(folder, 'plan.json')
      const partitions = [{ topic: 'moved', partition: 0, replicas: [1] }]
      writeFileSync(plan, JSON.stringify({ version: 1, partitions }))
      const reassign = async (...args: string[]) => {
        const java = ['-Xmx256m', ...SHORT_LIVED, '-cp', `${jars}/*`, TOOL]
        const where = ['--bootstrap-server', broker.address, '--reassignment-json-file', plan]
        return (await run('java', [...java, ...where, ...args])).stdout.toString()
      }

      const executed = await reassign('--execute', '--throttle', '1000000')
      expect(executed).toContain('Successfully started partition reassignment for moved-0')
      expect(await throttles(client)).toEqual([
        'follower.replication.throttled.rate=1000000',
        'follower.replication.throttled.replicas=',
        'leader.replication.throttled.rate=1000000',
        'leader.replication.throttled.replicas=0:1',
      ])

      const verified = await reassign('--verify')
      expect(verified).toContain('Reassignment of partition moved-0 is completed.')
      expect(verified).toContain('Clearing broker-level throttles on broker 1')
      expect(verified).toContain('Clearing topic-level throttles on topic moved')
      expect(await throttles(client)).toEqual([])
      // A second time there is nothing left to clear, and no error in that.
      expect(await reassign('--verify')).toContain('is completed.')
    } finally {
      client.destroy()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
