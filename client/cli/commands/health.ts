/** `ottla health`: whether the cluster serves, in one line and a line for each warning. */
import type { BrokerCondition } from '../../admin-conditions.ts'
import { CommandFailure } from '../failure.ts'
import { plural, printJson, printLine } from '../output.ts'
import { type GlobalOptions, timeoutMsOf, withClient } from '../session.ts'

/** A partition that no broker leads. */
interface OfflinePartition {
  readonly topic: string
  readonly partition: number
}

/** Throws CommandFailure when the cluster answers and is not well. */
export async function health(options: GlobalOptions): Promise<void> {
  await withClient(options, async client => {
    const admin = client.admin({ timeoutMs: timeoutMsOf(options) })
    const topics = await admin.describeTopics()
    const known = await admin.describeCluster()
    const asked = known.brokers.map(({ nodeId }) => admin.describeConditions(nodeId))
    const conditions = (await Promise.all(asked)).flatMap(list => list ?? [])
    const began = performance.now()
    const { brokers, controllerId, clusterId } = await admin.describeCluster()
    const roundTripMs = Math.round((performance.now() - began) * 10) / 10
    const offline = topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ leaderId }) => leaderId < 0)
        .map(({ partition }) => ({ topic: name, partition })),
    )
    const topicCount = topics.filter(({ isInternal }) => !isInternal).length
    const errors = conditions.filter(({ severity }) => severity === 'error')
    const isHealthy = offline.length === 0 && errors.length === 0 && brokers.length > 0
    if (options.json) {
      printJson({
        healthy: isHealthy,
        clusterId,
        brokers: brokers.map(({ nodeId, host, port, rack }) => ({ nodeId, host, port, rack })),
        controllerId,
        topics: topicCount,
        offlinePartitions: offline,
        conditions,
        roundTripMs,
      })
    } else {
      if (isHealthy) {
        const controller = controllerId < 0 ? 'no controller' : `controller ${controllerId}`
        const parts = [plural(brokers.length, 'broker'), controller, plural(topicCount, 'topic')]
        printLine(
          `Healthy: ${parts.join(', ')}, 0 offline partitions, answered in ${roundTripMs} ms.`,
        )
      }
      for (const { severity, nodeId, kind, message } of conditions) {
        if (severity !== 'error') printLine(`Warning: broker ${nodeId}: ${message} (${kind})`)
      }
    }
    if (brokers.length === 0) throw new CommandFailure('Unhealthy: no broker is alive; start one.')
    if (!isHealthy) throw new CommandFailure(sicknessOf(offline, errors))
  })
}

const NAMED_MAX = 5

function sicknessOf(
  offline: readonly OfflinePartition[],
  errors: readonly BrokerCondition[],
): string {
  const reasons: string[] = []
  if (offline.length > 0) {
    const named = offline.slice(0, NAMED_MAX).map(({ topic, partition }) => `${topic}-${partition}`)
    const more = offline.length > NAMED_MAX ? ' and others' : ''
    reasons.push(
      `${plural(offline.length, 'partition')} without a leader (${named.join(', ')}${more}); ` +
        'start the brokers that have them, and look into their logs.',
    )
  }
  const told = errors.slice(0, NAMED_MAX)
  for (const { nodeId, kind, message } of told) {
    reasons.push(`broker ${nodeId}: ${message} (${kind})`)
  }
  if (errors.length > NAMED_MAX) {
    reasons.push(`${plural(errors.length - NAMED_MAX, 'more error')}; see them all with --json.`)
  }
  return `Unhealthy: ${reasons.join(' ')}`
}
