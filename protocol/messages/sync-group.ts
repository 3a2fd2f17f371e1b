import { array, bytes, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * SyncGroup (key 14): the leader hands in the assignment, every member receives its own.
 * v1 throttle time · v3 static members (KIP-345) · v4 flexible · v5 protocol type and name
 * (KIP-559).
 */
export const SyncGroupRequest = message(
  14,
  'SyncGroupRequest',
  { versions: '0-5', flexible: '4+' },
  {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+').nullable().default(null),
    protocolType: string('5+').nullable().default(null).ignorable(),
    protocolName: string('5+').nullable().default(null).ignorable(),
    /** Empty but from the leader. */
    assignments: array('0+', {
      memberId: string('0+'),
      assignment: bytes('0+'),
    }),
  },
)
export type SyncGroupRequest = ValueOf<typeof SyncGroupRequest>

export const SyncGroupResponse = message(
  14,
  'SyncGroupResponse',
  { versions: '0-5', flexible: '4+' },
  {
    throttleTimeMs: int32('1+').default(0).ignorable(),
    errorCode: int16('0+'),
    protocolType: string('5+').nullable().default(null).ignorable(),
    protocolName: string('5+').nullable().default(null).ignorable(),
    assignment: bytes('0+'),
  },
)
export type SyncGroupResponse = ValueOf<typeof SyncGroupResponse>
