import { boolean, int } from './property.ts'

/** Topics as they are created, and the metadata about them. */
export const topicCreationProperties = {
  'auto.create.topics.enable': boolean('true', {
    doc: 'Creates a topic when a client asks for the metadata of one that does not exist.',
  }),
  'delete.topic.enable': boolean('true', { doc: 'Lets topics be deleted.' }),
  'num.partitions': int('1', {
    min: 1,
    update: 'cluster-wide',
    doc: 'Partitions of a topic whose creator names no number.',
  }),
  'default.replication.factor': int('1', {
    min: 1,
    update: 'cluster-wide',
    doc: 'Replicas of a topic whose creator names no number.',
  }),
  'min.insync.replicas': int('1', {
    min: 1,
    update: 'cluster-wide',
    doc: 'Replicas that must be in sync for a produce with acks=all.',
  }),
  'unclean.leader.election.enable': boolean('false', {
    update: 'cluster-wide',
    doc: 'Whether a replica out of sync may lead when no other can, losing acknowledged records.',
  }),
} as const
