/** A record's place in its log, from 0. A number: exact to 2^53, checked where it enters. */
export type Offset = number

/** How often a partition has changed leader; -1 is unknown. */
export type LeaderEpoch = number

/** Bytes from the start of a segment's file. */
export type FilePosition = number

/** Milliseconds since 1970 as the client or the broker said; -1 is none. */
export type TimestampMs = number

/** Who an idempotent producer is; -1 is not idempotent. */
export type ProducerId = number

/** Offsets inside a segment are kept in 32 bits, relative to the segment's base. */
export const RELATIVE_OFFSET_MAX = 0x7fffffff

/** Positions inside a segment are kept in 32 bits. */
export const SEGMENT_BYTES_MAX = 0x7fffffff

export const NO_PRODUCER_ID: ProducerId = -1
export const NO_TIMESTAMP: TimestampMs = -1
export const NO_EPOCH: LeaderEpoch = -1

/** The highest sequence number; the one after it is 0. */
export const SEQUENCE_MAX = 0x7fffffff

/** The sequence `count` after `sequence`; the one place where sequences wrap around. */
export function sequenceAfter(sequence: number, count: number): number {
  const sum = sequence + count
  return sum > SEQUENCE_MAX ? sum - SEQUENCE_MAX - 1 : sum
}

/** The sequence `count` before `sequence`. */
export function sequenceBefore(sequence: number, count: number): number {
  const difference = sequence - count
  return difference < 0 ? difference + SEQUENCE_MAX + 1 : difference
}
