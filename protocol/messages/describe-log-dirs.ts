import { array, bool, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * DescribeLogDirs (key 35): sizes of the replicas in each log directory (KIP-113).
 * v2 flexible · v3 an error for the whole request · v4 size of the volume (KIP-827) · v5 cordoned
 * directories (KIP-1066).
 */
export const DescribeLogDirsRequest = message(
  35,
  'DescribeLogDirsRequest',
  { versions: '1-5', flexible: '2+' },
  {
    topics: array('0+', {
      topic: string('0+'),
      partitions: array('0+', int32),
    }).nullable(),
  },
)
export type DescribeLogDirsRequest = ValueOf<typeof DescribeLogDirsRequest>

export const DescribeLogDirsResponse = message(
  35,
  'DescribeLogDirsResponse',
  { versions: '1-5', flexible: '2+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('3+').default(0).ignorable(),
    results: array('0+', {
      errorCode: int16('0+'),
      logDir: string('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          partitionSize: int64('0+'),
          offsetLag: int64('0+'),
          isFutureKey: bool('0+'),
        }),
      }),
      totalBytes: int64('4+').default(-1).ignorable(),
      usableBytes: int64('4+').default(-1).ignorable(),
      isCordoned: bool('5+').default(false).ignorable(),
    }),
  },
)
export type DescribeLogDirsResponse = ValueOf<typeof DescribeLogDirsResponse>
