import { array, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * LeaveGroup (key 13): members leave a classic group.
 * v1 throttle time · v3 many members at once (KIP-345) · v4 flexible · v5 reason (KIP-800).
 */
export const LeaveGroupRequest = message(
  13,
  'LeaveGroupRequest',
  { versions: '0-5', flexible: '4+' },
  {
    groupId: string('0+'),
    memberId: string('0-2').default(''),
    members: array('3+', {
      memberId: string('3+'),
      groupInstanceId: string('3+').nullable().default(null),
      reason: string('5+').nullable().default(null).ignorable(),
    }).default([]),
  },
)
export type LeaveGroupRequest = ValueOf<typeof LeaveGroupRequest>

export const LeaveGroupResponse = message(
  13,
  'LeaveGroupResponse',
  { versions: '0-5', flexible: '4+' },
  {
    throttleTimeMs: int32('1+').default(0).ignorable(),
    errorCode: int16('0+'),
    members: array('3+', {
      memberId: string('3+'),
      groupInstanceId: string('3+').nullable(),
      errorCode: int16('3+'),
    }).default([]),
  },
)
export type LeaveGroupResponse = ValueOf<typeof LeaveGroupResponse>
