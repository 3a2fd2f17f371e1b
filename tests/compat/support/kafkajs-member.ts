/**
 * A member of a group in a process of its own, so that it can be killed: reads with kafkajs,
 * commits each record by itself and prints what it did, a JSON line an event. SIGTERM: it leaves.
 *
 * usage: kafkajs-member.ts BROKER GROUP TOPIC NAME
 */
import { Kafka, logLevel, PartitionAssigners } from 'kafkajs'

const [broker = '', groupId = '', topic = '', name = ''] = process.argv.slice(2)
const kafka = new Kafka({ clientId: name, brokers: [broker], logLevel: logLevel.NOTHING })
const consumer = kafka.consumer({
  groupId,
  sessionTimeout: 6000,
  heartbeatInterval: 500,
  maxWaitTimeInMs: 100,
  // Under the name the Java clients have for it, so that both can be in one group.
  partitionAssigners: [
    config => ({ ...PartitionAssigners.roundRobin(config), name: 'roundrobin' }),
  ],
})

function tell(event: object): void {
  process.stdout.write(`${JSON.stringify({ name, ...event })}\n`)
}

consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  tell({ event: 'joined', partitions: payload.memberAssignment[topic] ?? [] })
})
process.on('SIGTERM', async () => {
  await consumer.disconnect()
  tell({ event: 'left' })
  process.exit(0)
})
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ partition, message, heartbeat }) => {
    tell({ event: 'read', partition, offset: Number(message.offset), value: String(message.value) })
    const offset = Number(message.offset) + 1
    await consumer.commitOffsets([{ topic, partition, offset: String(offset) }])
    tell({ event: 'committed', partition, offset })
    await heartbeat()
  },
})
