/** AlterPartitionReassignments as a decision, in Kafka's codes and words. */
import { ErrorCode } from '../../protocol/errors.ts'
import type { ClusterImage } from '../image/image.ts'
import type { Reassignment } from './commands.ts'
import { replicasFault } from './create-topics.ts'

export interface ReassignmentOutcome {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

const NOTHING_TO_DO: ReassignmentOutcome = { errorCode: ErrorCode.NONE, errorMessage: null }
const NOTHING_TO_CANCEL: ReassignmentOutcome = {
  errorCode: ErrorCode.NO_REASSIGNMENT_IN_PROGRESS,
  errorMessage: null,
}

/** Replicas stay where they were created: all that can be asked for is what is so already. */
export function decideReassignment(
  image: ClusterImage,
  { topic: name, partition: index, replicas, allowsOtherFactor }: Reassignment,
): ReassignmentOutcome {
  const topic = image.topics.get(name)
  if (topic === undefined) return unknown(`Unable to find a topic named ${name}.`)
  const partition = topic.partitions[index]
  if (partition === undefined) return unknown(`Unable to find partition ${name}:${index}.`)
  if (replicas === null) return NOTHING_TO_CANCEL
  const fault = replicasFault(image, replicas)
  if (fault !== null) return invalid(fault)
  const [from, to] = [partition.replicas.length, replicas.length]
  if (from !== to && !allowsOtherFactor) {
    return {
      errorCode: ErrorCode.INVALID_REPLICATION_FACTOR,
      errorMessage: `The replication factor is changed from ${from} to ${to}`,
    }
  }
  const isThere = from === to && replicas.every((id, at) => id === partition.replicas[at])
  if (isThere) return NOTHING_TO_DO
  return invalid(
    'Replicas stay on the brokers a partition was created on; moving them is not served.',
  )
}

function unknown(errorMessage: string): ReassignmentOutcome {
  return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage }
}

function invalid(errorMessage: string): ReassignmentOutcome {
  return { errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT, errorMessage }
}
