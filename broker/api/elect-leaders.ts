import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { ElectLeadersRequest, ElectLeadersResponse } from '../../protocol/messages/elect-leaders.ts'
import type { PartitionImage } from '../image/image.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

const PREFERRED = 0
const UNCLEAN = 1

/** Since which version a code for the whole request, and unclean elections, exist. */
const TYPED_SINCE = 1

/**
 * ElectLeaders (key 43) where each partition has one replica: it leads, so that no election is
 * ever needed, or its broker is gone, and there is nobody to elect (KIP-460).
 */
export const electLeaders = api(
  ElectLeadersRequest,
  ElectLeadersResponse,
  {
    refuse: (request, { errorCode, errorMessage, apiVersion }) => ({
      throttleTimeMs: 0,
      ...(apiVersion >= TYPED_SINCE ? { errorCode } : { errorCode: ErrorCode.NONE }),
      replicaElectionResults: (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map(partitionId => ({ partitionId, errorCode, errorMessage })),
      })),
    }),
  },
  (request, context) => {
    if (!mayOnCluster(context, Operation.ALTER)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    const { electionType, topicPartitions } = request
    if (electionType !== PREFERRED && electionType !== UNCLEAN) {
      throw new KafkaError(ErrorCode.INVALID_REQUEST)
    }
    // Asked for every partition, only those that changed or failed are told: none.
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map(partitionId => ({
          partitionId,
          errorCode: outcome(context, topic, partitionId, electionType),
          errorMessage: null,
        })),
      })),
    }
  },
)

function outcome(context: RequestContext, topic: string, index: number, type: number): ErrorCode {
  const partition: PartitionImage | undefined = context.broker.image().topics.get(topic)
    ?.partitions[index]
  if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (partition.leader >= 0) return ErrorCode.ELECTION_NOT_NEEDED
  return type === PREFERRED
    ? ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
    : ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE
}
