import {
  array,
  bool,
  int16,
  int32,
  message,
  string,
  uint16,
  uuid,
  type ValueOf,
} from '../schema.ts'

/**
 * AddRaftVoter (key 80): adds a voter to the metadata quorum (KIP-853).
 * v1 may answer before the change is committed (KIP-1186).
 */
export const AddRaftVoterRequest = message(
  80,
  'AddRaftVoterRequest',
  { versions: '0-1', flexible: '0+' },
  {
    clusterId: string('0+').nullable(),
    timeoutMs: int32('0+'),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
    listeners: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
    }),
    ackWhenCommitted: bool('1+').default(true),
  },
)
export type AddRaftVoterRequest = ValueOf<typeof AddRaftVoterRequest>

export const AddRaftVoterResponse = message(
  80,
  'AddRaftVoterResponse',
  { versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    errorMessage: string('0+').nullable().ignorable(),
  },
)
export type AddRaftVoterResponse = ValueOf<typeof AddRaftVoterResponse>
