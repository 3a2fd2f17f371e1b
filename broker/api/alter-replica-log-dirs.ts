import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  AlterReplicaLogDirsRequest,
  AlterReplicaLogDirsResponse,
} from '../../protocol/messages/alter-replica-log-dirs.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

/**
 * AlterReplicaLogDirs (key 34): a broker has one data folder, so a replica can be moved to where it
 * is, and to no other folder (KIP-113).
 */
export const alterReplicaLogDirs = api(
  AlterReplicaLogDirsRequest,
  AlterReplicaLogDirsResponse,
  {
    refuse: (request, { errorCode }) => answer(request, () => errorCode),
  },
  (request, context) => {
    if (!mayOnCluster(context, Operation.ALTER)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    return answer(request, (path, topic, index) => outcome(context, path, topic, index))
  },
)

/** One result a partition, however often it is named; the last folder counts, as in Kafka. */
function answer(
  { dirs }: AlterReplicaLogDirsRequest,
  codeOf: (path: string, topic: string, index: number) => ErrorCode,
) {
  const byTopic = new Map<string, Map<number, ErrorCode>>()
  for (const { path, topics } of dirs) {
    for (const { name, partitions } of topics) {
      const codes = byTopic.get(name) ?? new Map<number, ErrorCode>()
      byTopic.set(name, codes)
      for (const index of partitions) codes.set(index, codeOf(path, name, index))
    }
  }
  return {
    throttleTimeMs: 0,
    results: [...byTopic].map(([topicName, codes]) => ({
      topicName,
      partitions: [...codes].map(([partitionIndex, errorCode]) => ({ partitionIndex, errorCode })),
    })),
  }
}

function outcome(context: RequestContext, path: string, topic: string, index: number): ErrorCode {
  const { logDirectory, partitions, image } = context.broker
  if (path !== logDirectory.path) return ErrorCode.LOG_DIR_NOT_FOUND
  if (logDirectory.offline !== null) return ErrorCode.KAFKA_STORAGE_ERROR
  if (image().topics.get(topic)?.partitions[index] === undefined) {
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  }
  const isHere = partitions.get(topic, index) !== undefined
  return isHere ? ErrorCode.NONE : ErrorCode.REPLICA_NOT_AVAILABLE
}
