import {
  array,
  int16,
  int32,
  int64,
  message,
  string,
  uint16,
  uuid,
  type ValueOf,
} from '../schema.ts'
import { NO_UUID } from '../uuid.ts'

const replicaState = {
  replicaId: int32('0+'),
  replicaDirectoryId: uuid('2+').default(NO_UUID),
  logEndOffset: int64('0+'),
  lastFetchTimestamp: int64('1+').default(-1).ignorable(),
  lastCaughtUpTimestamp: int64('1+').default(-1).ignorable(),
}

/**
 * DescribeQuorum (key 55): state of the metadata quorum (KIP-595).
 * v1 fetch times of replicas (KIP-836) · v2 directories, listeners, messages (KIP-853).
 */
export const DescribeQuorumRequest = message(
  55,
  'DescribeQuorumRequest',
  { versions: '0-2', flexible: '0+' },
  {
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
      }),
    }),
  },
)
export type DescribeQuorumRequest = ValueOf<typeof DescribeQuorumRequest>

export const DescribeQuorumResponse = message(
  55,
  'DescribeQuorumResponse',
  { versions: '0-2', flexible: '0+' },
  {
    errorCode: int16('0+'),
    errorMessage: string('2+').nullable().default('').ignorable(),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('2+').nullable().default('').ignorable(),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
        highWatermark: int64('0+'),
        currentVoters: array('0+', replicaState),
        observers: array('0+', replicaState),
      }),
    }),
    nodes: array('2+', {
      nodeId: int32('2+'),
      listeners: array('2+', {
        name: string('2+'),
        host: string('2+'),
        port: uint16('2+'),
      }),
    }).default([]),
  },
)
export type DescribeQuorumResponse = ValueOf<typeof DescribeQuorumResponse>
