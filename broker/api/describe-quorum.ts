import { ErrorCode, errorInfo, KafkaError } from '../../protocol/errors.ts'
import {
  DescribeQuorumRequest,
  DescribeQuorumResponse,
} from '../../protocol/messages/describe-quorum.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'
import { liveBrokers } from './endpoint.ts'

/** Since which version the addresses of the brokers are told (KIP-853). */
const NODES_SINCE = 2

/** The one log Kafka's clients ask about: that of the cluster's metadata. */
const METADATA_TOPIC = '__cluster_metadata'
const UNKNOWN_OFFSET = -1
const UNKNOWN_TIME = -1

/**
 * DescribeQuorum (key 55) for metadata that a store keeps: the controller leads, the brokers that
 * are alive vote, and revisions of the store are the offsets (KIP-595). This broker tells how far
 * it has followed the store; how far others have is not known to it.
 */
export const describeQuorum = api(
  DescribeQuorumRequest,
  DescribeQuorumResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({ errorCode, errorMessage, topics: [] }),
  },
  ({ topics }, context) => {
    if (!mayOnCluster(context, Operation.DESCRIBE)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    const [topic] = topics
    const [partition] = topic?.partitions ?? []
    const isMetadata =
      topics.length === 1 &&
      topic?.topicName === METADATA_TOPIC &&
      topic.partitions.length === 1 &&
      partition?.partitionIndex === 0
    if (isMetadata) return quorum(context)
    return {
      errorCode: ErrorCode.NONE,
      topics: topics.map(({ topicName, partitions }) => ({
        topicName,
        partitions: partitions.map(({ partitionIndex }) => notHosted(partitionIndex)),
      })),
    }
  },
)

function notHosted(partitionIndex: number) {
  const { UNKNOWN_TOPIC_OR_PARTITION: errorCode } = ErrorCode
  return {
    partitionIndex,
    errorCode,
    errorMessage: errorInfo(errorCode).message,
    leaderId: 0,
    leaderEpoch: 0,
    highWatermark: 0,
    currentVoters: [],
    observers: [],
  }
}

function quorum(context: RequestContext) {
  const { broker, nowMs, connection, apiVersion } = context
  const { revision, controllerId, controllerEpoch, brokers } = broker.image()
  const voter = (replicaId: number) => {
    const isThis = replicaId === broker.nodeId
    return {
      replicaId,
      replicaDirectoryId: NO_UUID,
      logEndOffset: isThis ? revision : UNKNOWN_OFFSET,
      lastFetchTimestamp: isThis ? nowMs : UNKNOWN_TIME,
      lastCaughtUpTimestamp: isThis ? nowMs : UNKNOWN_TIME,
    }
  }
  const metadata = {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    leaderId: controllerId,
    leaderEpoch: controllerEpoch,
    highWatermark: revision,
    currentVoters: [...brokers.keys()].map(voter),
    observers: [],
  }
  return {
    errorCode: ErrorCode.NONE,
    topics: [{ topicName: METADATA_TOPIC, partitions: [metadata] }],
    ...(apiVersion >= NODES_SINCE && {
      nodes: liveBrokers(context).map(({ id, host, port }) => ({
        nodeId: id,
        listeners: [{ name: connection.listenerName, host, port }],
      })),
    }),
  }
}
