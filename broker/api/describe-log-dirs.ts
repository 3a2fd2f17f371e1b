import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  DescribeLogDirsRequest,
  DescribeLogDirsResponse,
} from '../../protocol/messages/describe-log-dirs.ts'
import type { Partition } from '../partition/partition.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

/** DescribeLogDirs (key 35): what lies in the data folder, and how much. */
export const describeLogDirs = api(
  DescribeLogDirsRequest,
  DescribeLogDirsResponse,
  {
    refuse: (_request, { errorCode }) => ({ throttleTimeMs: 0, errorCode, results: [] }),
  },
  (request, context) => {
    if (!mayOnCluster(context, Operation.DESCRIBE)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    const { logDirectory, host } = context.broker
    const isOffline = logDirectory.offline !== null
    const volume = isOffline
      ? { totalBytes: -1, usableBytes: -1 }
      : {
          totalBytes: told(host.disk.totalBytes(logDirectory.path)),
          usableBytes: told(host.disk.freeBytes(logDirectory.path)),
        }
    const topics = isOffline ? [] : sizes(request, context)
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      results: [
        {
          errorCode: isOffline ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE,
          logDir: logDirectory.path,
          topics,
          ...volume,
        },
      ],
    }
  },
)

/** A disk in memory has no size: that is told as unknown. */
function told(sizeBytes: number): number {
  return Number.isFinite(sizeBytes) ? sizeBytes : -1
}

function sizes({ topics }: DescribeLogDirsRequest, context: RequestContext) {
  const byTopic = new Map<string, Partition[]>()
  for (const partition of wanted(topics, context)) {
    const known = byTopic.get(partition.topic)
    if (known === undefined) byTopic.set(partition.topic, [partition])
    else known.push(partition)
  }
  return [...byTopic].map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ index, log }) => ({
      partitionIndex: index,
      partitionSize: log.sizeBytes,
      offsetLag: 0,
      isFutureKey: false,
    })),
  }))
}

function* wanted(
  topics: DescribeLogDirsRequest['topics'],
  { broker }: RequestContext,
): Iterable<Partition> {
  if (topics === null) {
    yield* broker.partitions.all()
    return
  }
  for (const { topic, partitions } of topics) {
    for (const index of new Set(partitions)) {
      const partition = broker.partitions.get(topic, index)
      if (partition !== undefined) yield partition
    }
  }
}
