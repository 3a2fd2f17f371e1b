import { array, int8, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * FindCoordinator (key 10): which broker coordinates a group, a transactional id or a share
 * partition.
 * v1 key type, error message · v3 flexible · v4 many keys in one request (KIP-699) · v5
 * TRANSACTION_ABORTABLE · v6 key type 2: share partitions, `group:topicId:partition` (KIP-932).
 */
export const FindCoordinatorRequest = message(
  10,
  'FindCoordinatorRequest',
  { versions: '0-6', flexible: '3+' },
  {
    key: string('0-3').default(''),
    /** 0: group · 1: transactional id · 2: share partition. */
    keyType: int8('1+').default(0),
    coordinatorKeys: array('4+', string).default([]),
  },
)
export type FindCoordinatorRequest = ValueOf<typeof FindCoordinatorRequest>

export const FindCoordinatorResponse = message(
  10,
  'FindCoordinatorResponse',
  { versions: '0-6', flexible: '3+' },
  {
    throttleTimeMs: int32('1+').default(0).ignorable(),
    errorCode: int16('0-3').default(0),
    errorMessage: string('1-3').nullable().default('').ignorable(),
    nodeId: int32('0-3').default(0),
    host: string('0-3').default(''),
    port: int32('0-3').default(0),
    coordinators: array('4+', {
      key: string('4+'),
      nodeId: int32('4+'),
      host: string('4+'),
      port: int32('4+'),
      errorCode: int16('4+'),
      errorMessage: string('4+').nullable().ignorable(),
    }).default([]),
  },
)
export type FindCoordinatorResponse = ValueOf<typeof FindCoordinatorResponse>
