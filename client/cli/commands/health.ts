/** `ottla health`: whether the cluster serves, in one line. */
import { CommandFailure } from '../failure.ts'
import { plural, printJson, printLine } from '../output.ts'
import { type GlobalOptions, timeoutMsOf, withClient } from '../session.ts'

/** Throws CommandFailure when the cluster answers and is not well. */
export async function health(options: GlobalOptions): Promise<void> {
  await withClient(options, async client => {
    const admin = client.admin({ timeoutMs: timeoutMsOf(options) })
    const topics = await admin.describeTopics()
    const began = performance.now()
    const { brokers, controllerId, clusterId } = await admin.describeCluster()
    const roundTripMs = Math.round((performance.now() - began) * 10) / 10
    const offline = topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ leaderId }) => leaderId < 0)
        .map(({ partition }) => ({ topic: name, partition })),
    )
    const topicCount = topics.filter(({ isInternal }) => !isInternal).length
    const isHealthy = offline.length === 0 && brokers.length > 0
    if (options.json) {
      printJson({
        healthy: isHealthy,
        clusterId,
        brokers: brokers.map(({ nodeId, host, port, rack }) => ({ nodeId, host, port, rack })),
        controllerId,
        topics: topicCount,
        offlinePartitions: offline,
        roundTripMs,
      })
    } else if (isHealthy) {
      const controller = controllerId < 0 ? 'no controller' : `controller ${controllerId}`
      const parts = [plural(brokers.length, 'broker'), controller, plural(topicCount, 'topic')]
      printLine(
        `Healthy: ${parts.join(', ')}, 0 offline partitions, answered in ${roundTripMs} ms.`,
      )
    }
    if (!isHealthy) throw new CommandFailure(sicknessOf(offline))
  })
}

const NAMED_MAX = 5

function sicknessOf(offline: readonly { topic: string; partition: number }[]): string {
  const named = offline.slice(0, NAMED_MAX).map(({ topic, partition }) => `${topic}-${partition}`)
  const more = offline.length > NAMED_MAX ? ' and others' : ''
  return (
    `Unhealthy: ${plural(offline.length, 'partition')} without a leader ` +
    `(${named.join(', ')}${more}); start the brokers that have them, and look into their logs.`
  )
}
