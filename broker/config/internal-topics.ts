import type { BrokerConfig } from './broker-config.ts'

type Overrides = ReadonlyMap<string, string>

const NONE: Overrides = new Map()

/** Kafka's own segment size for the topics of transactions and share groups. */
const STATE_SEGMENT_BYTES = '104857600'

/**
 * The overrides that Kafka gives a topic of its own when it makes it; empty for any other name. A
 * client that creates the topic, or a folder whose metadata is lost, does not name them, and
 * without them retention would delete the state of groups.
 */
export function internalTopicConfigs(config: BrokerConfig, name: string): Overrides {
  switch (name) {
    case '__consumer_offsets':
      return new Map([
        ['cleanup.policy', 'compact'],
        ['compression.type', 'producer'],
        ['segment.bytes', String(config.get('offsets.topic.segment.bytes'))],
      ])
    case '__transaction_state':
      return new Map([
        ['cleanup.policy', 'compact'],
        ['compression.type', 'uncompressed'],
        ['segment.bytes', STATE_SEGMENT_BYTES],
      ])
    case '__share_group_state':
      return new Map([
        ['cleanup.policy', 'delete'],
        ['compression.type', 'uncompressed'],
        ['retention.ms', '-1'],
        ['segment.bytes', STATE_SEGMENT_BYTES],
      ])
    default:
      return NONE
  }
}

/** A topic's overrides upon those that Kafka gives its own topics; the topic's own win. */
export function withInternalConfigs(
  config: BrokerConfig,
  name: string,
  overrides: Overrides,
): Overrides {
  const internal = internalTopicConfigs(config, name)
  return internal.size === 0 ? overrides : new Map([...internal, ...overrides])
}
