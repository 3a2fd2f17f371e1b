/**
 * What classic members tell each other through the coordinator, which does not look inside: an
 * int16 version, then the body. Readers accept newer versions by reading the one they know.
 */
import { array, bytes, int32, message, string, type ValueOf } from '../schema.ts'

/**
 * What a member of a classic group of type 'consumer' asks for.
 * v1 owned partitions (KIP-429) · v2 generation (KIP-792) · v3 rack (KIP-881).
 */
export const ConsumerProtocolSubscription = message(
  -1,
  'ConsumerProtocolSubscription',
  { versions: '0-3', flexible: 'none' },
  {
    topics: array('0+', string),
    userData: bytes('0+').nullable().default(null),
    ownedPartitions: array('1+', {
      topic: string('1+'),
      partitions: array('1+', int32),
    })
      .default([])
      .ignorable(),
    generationId: int32('2+').default(-1).ignorable(),
    rackId: string('3+').nullable().default(null).ignorable(),
  },
)
export type ConsumerProtocolSubscription = ValueOf<typeof ConsumerProtocolSubscription>

/** What it is given. */
export const ConsumerProtocolAssignment = message(
  -1,
  'ConsumerProtocolAssignment',
  { versions: '0-3', flexible: 'none' },
  {
    assignedPartitions: array('0+', {
      topic: string('0+'),
      partitions: array('0+', int32),
    }),
    userData: bytes('0+').nullable().default(null),
  },
)
export type ConsumerProtocolAssignment = ValueOf<typeof ConsumerProtocolAssignment>
