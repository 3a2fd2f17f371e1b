import { array, int16, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * AlterReplicaLogDirs (key 34): moves replicas between log directories (KIP-113).
 * v2 flexible.
 */
export const AlterReplicaLogDirsRequest = message(
  34,
  'AlterReplicaLogDirsRequest',
  { versions: '1-2', flexible: '2+' },
  {
    dirs: array('0+', {
      path: string('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', int32),
      }),
    }),
  },
)
export type AlterReplicaLogDirsRequest = ValueOf<typeof AlterReplicaLogDirsRequest>

export const AlterReplicaLogDirsResponse = message(
  34,
  'AlterReplicaLogDirsResponse',
  { versions: '1-2', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    results: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
)
export type AlterReplicaLogDirsResponse = ValueOf<typeof AlterReplicaLogDirsResponse>
