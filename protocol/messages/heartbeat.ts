import { int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * Heartbeat (key 12): a classic member is alive; the answer may tell it to rejoin.
 * v1 throttle time · v3 static members (KIP-345) · v4 flexible.
 */
export const HeartbeatRequest = message(
  12,
  'HeartbeatRequest',
  { versions: '0-4', flexible: '4+' },
  {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+').nullable().default(null),
  },
)
export type HeartbeatRequest = ValueOf<typeof HeartbeatRequest>

export const HeartbeatResponse = message(
  12,
  'HeartbeatResponse',
  { versions: '0-4', flexible: '4+' },
  {
    throttleTimeMs: int32('1+').default(0).ignorable(),
    errorCode: int16('0+'),
  },
)
export type HeartbeatResponse = ValueOf<typeof HeartbeatResponse>
