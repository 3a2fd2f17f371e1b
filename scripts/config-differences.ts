/** One way in which configs differ from Apache Kafka's on purpose. */
export interface ConfigDifference {
  /** What differs and why, for docs/compatibility.md. */
  readonly what: string
  /** The findings of tests/compat/configs-differential.test.ts that this explains. */
  readonly findings: RegExp
}

/**
 * Where the answers about configs differ from those of Apache Kafka 4.3, and why. The differential
 * suite fails for a difference that is not here.
 */
export const CONFIG_DIFFERENCES: readonly ConfigDifference[] = [
  {
    what:
      "`durability` and names that begin with `ottla.` are this broker's own. Kafka stores a " +
      'broker config that it does not know; Ottla refuses it, because the name is mistyped.',
    findings: /^(TOPIC|BROKER) '\w*' (durability|ottla\.[a-z.]+) /,
  },
  {
    what:
      'A value is told in its normal form everywhere. Kafka tells it as it was written ' +
      'among the synonyms and for all brokers.',
    findings: /^(TOPIC|BROKER) '\w*' [a-z.]+ synonyms$|^BROKER '' [a-z.]+ value$/,
  },
  {
    what:
      "A topic's value that the file sets in hours, minutes or by " +
      '`log.flush.scheduler.interval.ms` is told with that source. Kafka calls it a default.',
    findings: /^TOPIC 't' (flush|retention|segment)\.ms source$/,
  },
  {
    what:
      'Kafka keeps `min.insync.replicas` for all brokers since a cluster is formatted, and ' +
      'refuses it for one, because of eligible leader replicas (KIP-966), which Ottla has ' +
      'not.',
    findings: /^(TOPIC|BROKER) '\w*' min\.insync\.replicas /,
  },
  {
    what:
      '`num.partitions` and `default.replication.factor` can be changed at run time; with ' +
      'Kafka they need a restart.',
    findings: /^BROKER '\w*' (num\.partitions|default\.replication\.factor) (=|readOnly$)/,
  },
  {
    what:
      '`listeners` and `listener.security.protocol.map` need a restart: Ottla does not ' +
      'listen anew while it runs.',
    findings:
      /^BROKER '\w*' (listeners|listener\.security\.protocol\.map) (=|readOnly$|source$|value$)/,
  },
  {
    what:
      'Kafka changes a number of threads to at most twice and at least half of what it is. ' +
      'Ottla has no such threads and takes any number.',
    findings: /^BROKER '\w*' (background|num|log|remote)\.[a-z.]*(threads|fetchers|pool)[a-z.]* = /,
  },
  {
    what:
      'Negative times of `log.flush.interval.ms` and of `log.retention.ms` (-1 aside) are ' +
      'refused; Kafka takes them without a meaning.',
    findings: /^BROKER '\w*' log\.(flush\.interval|retention)\.ms = "-[12]"$/,
  },
  {
    what:
      'Kafka holds `log.local.retention.ms` against `log.retention.ms`. Ottla has no tiered ' +
      'storage and stores it as it is.',
    findings: /^BROKER '\w*' log\.local\.retention\.(ms|bytes) = /,
  },
  {
    what: 'An empty element of `config.providers` is refused, as of every other list.',
    findings: /^BROKER '\w*' config\.providers = ".*,.*"$/,
  },
  {
    what:
      'A single node needs no controller quorum: what a KRaft node must name in its file ' +
      'has Ottla by default.',
    findings:
      /^BROKER '1' ((controller|offsets|transaction|process)\.[a-z.]+|log\.dirs) (source|value)$/,
  },
  {
    what:
      'Own defaults: `log.dir` is `data`, `socket.listen.backlog.size` 4096, as a burst of ' +
      'clients needs.',
    findings: /^BROKER '1' (log\.dir|socket\.listen\.backlog\.size) value$/,
  },
]
