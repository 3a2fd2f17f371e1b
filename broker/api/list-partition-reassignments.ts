import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../../protocol/messages/list-partition-reassignments.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

/** ListPartitionReassignments (key 46): none is ever going on, as replicas never move. */
export const listPartitionReassignments = api(
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
      topics: [],
    }),
  },
  (_request, context) => {
    if (!mayOnCluster(context, Operation.DESCRIBE)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, topics: [] }
  },
)
