import { ErrorCode } from '../../protocol/errors.ts'
import { ListOffsetsRequest, ListOffsetsResponse } from '../../protocol/messages/list-offsets.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnTopic } from './authorize.ts'
import { errorForVersion } from './error-versions.ts'
import { isolationOf, REPLICA_NONE } from './isolation.ts'
import { ledPartition } from './locate.ts'

type AskedPartition = ListOffsetsRequest['topics'][number]['partitions'][number]

/** Special timestamps by the version that introduced them; others below 0 are unsupported. */
const SPECIAL_SINCE: ReadonlyMap<number, number> = new Map([
  [-1, 0], // latest
  [-2, 0], // earliest
  [-3, 7], // the record with the largest timestamp (KIP-734)
  [-4, 8], // earliest that is on local disk (KIP-405)
  [-5, 9], // latest that is in tiered storage (KIP-1005)
  [-6, 11], // earliest that is not in tiered storage yet (KIP-1023)
])

/** ListOffsets (key 2): offsets by timestamp, and the ends of the log. */
export const listOffsets = api(
  ListOffsetsRequest,
  ListOffsetsResponse,
  {
    refuse: (request, { errorCode }) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }),
  },
  async (request, context) => ({
    throttleTimeMs: 0,
    topics: await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await listTopic(name, partitions, request.isolationLevel, context),
      })),
    ),
  }),
)

async function listTopic(
  topic: string,
  partitions: readonly AskedPartition[],
  isolationLevel: number,
  context: RequestContext,
) {
  const { apiKey, apiVersion } = context
  const repeated = repeatedIndexes(partitions)
  return Promise.all(
    partitions.map(async asked => {
      const { partitionIndex } = asked
      const answer = repeated.has(partitionIndex)
        ? refused(ErrorCode.INVALID_REQUEST)
        : await listOne(topic, asked, isolationLevel, context)
      const errorCode = errorForVersion(apiKey, apiVersion, answer.errorCode)
      return { partitionIndex, ...answer, errorCode }
    }),
  )
}

async function listOne(
  topic: string,
  asked: AskedPartition,
  isolationLevel: number,
  context: RequestContext,
) {
  const { partitionIndex, timestamp, currentLeaderEpoch } = asked
  if (!mayOnTopic(context, Operation.DESCRIBE, topic)) {
    return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  }
  if (timestamp < 0) {
    const since = SPECIAL_SINCE.get(timestamp)
    if (since === undefined || context.apiVersion < since) {
      return refused(ErrorCode.UNSUPPORTED_VERSION)
    }
  }
  const partition = ledPartition(context, topic, partitionIndex)
  if (typeof partition === 'number') return refused(partition)
  const isolation = isolationOf(REPLICA_NONE, isolationLevel)
  const { errorCode, ...found } = await partition.listOffset(
    timestamp,
    isolation,
    currentLeaderEpoch,
  )
  if (errorCode !== ErrorCode.NONE) return refused(errorCode)
  const { leaderEpoch, ...answer } = found
  // Below v4 there is no place for the epoch.
  return { errorCode, ...answer, ...(context.apiVersion >= 4 && { leaderEpoch }) }
}

function refused(errorCode: ErrorCode) {
  return { errorCode, timestamp: -1, offset: -1 }
}

function repeatedIndexes(partitions: readonly AskedPartition[]): ReadonlySet<number> {
  const seen = new Set<number>()
  const repeated = new Set<number>()
  for (const { partitionIndex } of partitions) {
    if (seen.has(partitionIndex)) repeated.add(partitionIndex)
    seen.add(partitionIndex)
  }
  return repeated
}
