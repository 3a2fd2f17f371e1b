import { int16, int32, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * RemoveRaftVoter (key 81): removes a voter from the metadata quorum (KIP-853).
 */
export const RemoveRaftVoterRequest = message(
  81,
  'RemoveRaftVoterRequest',
  { versions: '0', flexible: '0+' },
  {
    clusterId: string('0+').nullable(),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
  },
)
export type RemoveRaftVoterRequest = ValueOf<typeof RemoveRaftVoterRequest>

export const RemoveRaftVoterResponse = message(
  81,
  'RemoveRaftVoterResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable().ignorable(),
  },
)
export type RemoveRaftVoterResponse = ValueOf<typeof RemoveRaftVoterResponse>
