/**
 * Control records of `__cluster_metadata` (types 2 to 6), and the quorum's own file.
 */
import {
  array,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
  uuid,
  type ValueOf,
} from '../schema.ts'
import { NO_UUID } from '../uuid.ts'

const voter = {
  voterId: int32('0+'),
  voterDirectoryId: uuid('1+').default(NO_UUID),
}

/** A new leader of the metadata quorum (KIP-595). */
export const LeaderChangeMessage = message(
  -1,
  'LeaderChangeMessage',
  { versions: '0-1', flexible: '0+' },
  {
    version: int16('0+'),
    leaderId: int32('0+'),
    voters: array('0+', voter),
    grantingVoters: array('0+', voter),
  },
)
export type LeaderChangeMessage = ValueOf<typeof LeaderChangeMessage>

/** First record of a snapshot (KIP-630). */
export const SnapshotHeaderRecord = message(
  -1,
  'SnapshotHeaderRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16('0+'),
    lastContainedLogTimestamp: int64('0+'),
  },
)
export type SnapshotHeaderRecord = ValueOf<typeof SnapshotHeaderRecord>

/** Last record of a snapshot (KIP-630). */
export const SnapshotFooterRecord = message(
  -1,
  'SnapshotFooterRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16('0+'),
  },
)
export type SnapshotFooterRecord = ValueOf<typeof SnapshotFooterRecord>

/** The protocol version of the quorum (KIP-853). */
export const KRaftVersionRecord = message(
  -1,
  'KRaftVersionRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16('0+'),
    kRaftVersion: int16('0+'),
  },
)
export type KRaftVersionRecord = ValueOf<typeof KRaftVersionRecord>

/** The voters of the quorum (KIP-853). */
export const VotersRecord = message(
  -1,
  'VotersRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16('0+'),
    voters: array('0+', {
      voterId: int32('0+'),
      voterDirectoryId: uuid('0+'),
      endpoints: array('0+', {
        name: string('0+'),
        host: string('0+'),
        port: uint16('0+'),
      }),
      kRaftVersionFeature: struct('0+', {
        minSupportedVersion: int16('0+'),
        maxSupportedVersion: int16('0+'),
      }),
    }),
  },
)
export type VotersRecord = ValueOf<typeof VotersRecord>

/** The content of `quorum-state`, in JSON there (KIP-595). */
export const QuorumStateData = message(
  -1,
  'QuorumStateData',
  { versions: '0-1', flexible: '0+' },
  {
    clusterId: string('0').default(''),
    leaderId: int32('0+').default(-1),
    leaderEpoch: int32('0+').default(-1),
    votedId: int32('0+').default(-1),
    votedDirectoryId: uuid('1+').default(NO_UUID),
    appliedOffset: int64('0').default(0),
    currentVoters: array('0', {
      voterId: int32('0'),
    })
      .nullable()
      .default([]),
  },
)
export type QuorumStateData = ValueOf<typeof QuorumStateData>
