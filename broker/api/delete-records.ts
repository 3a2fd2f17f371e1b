import { ErrorCode } from '../../protocol/errors.ts'
import {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
} from '../../protocol/messages/delete-records.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnTopic } from './authorize.ts'
import { ledPartition } from './locate.ts'

/** DeleteRecords (key 21): advance the start of logs (KIP-107). */
export const deleteRecords = api(
  DeleteRecordsRequest,
  DeleteRecordsResponse,
  {
    refuse: (request, { errorCode }) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          lowWatermark: -1,
          errorCode,
        })),
      })),
    }),
  },
  (request, context) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => ({
        partitionIndex,
        ...deleteOne(context, name, partitionIndex, offset),
      })),
    })),
  }),
)

function deleteOne(context: RequestContext, topic: string, index: number, offset: number) {
  const refused = (errorCode: ErrorCode) => ({ lowWatermark: -1, errorCode })
  if (!mayOnTopic(context, Operation.DELETE, topic)) {
    return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  }
  const partition = ledPartition(context, topic, index)
  if (typeof partition === 'number') return refused(partition)
  // No client may, whatever its id.
  if (partition.isInternal) return refused(ErrorCode.INVALID_TOPIC_EXCEPTION)
  return partition.deleteRecords(offset)
}
