import { documentation } from './describe.ts'
import type { Property } from './property.ts'
import { brokerProperties, TOPIC_PROPERTIES } from './schema.ts'
import { brokerSynonyms, type TopicPropertyName } from './topic-properties.ts'

/** The text of docs/configuration.md: every property, from the one place where it is declared. */
export function configurationPage(): string {
  const broker = [...brokerProperties()]
  const acting = broker.filter(([, property]) => property.accepted === 'acts')
  const ignored = broker.filter(([, property]) => property.accepted === 'ignored')
  return [
    '# Configuration',
    '',
    '<!-- Generated from broker/config. Do not edit. -->',
    '',
    "Names, defaults and units are Apache Kafka's. A property is read from the file given to",
    '`ottla start`, from the environment (`KAFKA_LOG_SEGMENT_BYTES` is `log.segment.bytes`) and',
    'from `--override name=value`; the last one wins. A name nobody knows is warned about; a value',
    'that makes no sense stops the start.',
    '',
    "Names that begin with `ottla.`, and `durability`, are this broker's own.",
    '',
    '## Broker',
    '',
    'Change: when an alteration takes effect. *restart*: it needs one. *at once*: for one broker',
    'or for all.',
    '',
    '| Name | Type | Default | Change | Meaning |',
    '|--|--|--|--|--|',
    ...acting.map(([name, property]) => brokerRow(name, property)),
    '',
    '## Topic',
    '',
    'All change at once. A topic without a value of its own has that of the broker property.',
    '',
    '| Name | Type | Default | Broker property | Meaning |',
    '|--|--|--|--|--|',
    ...[...TOPIC_PROPERTIES].map(([name, property]) => topicRow(name, property)),
    '',
    '## Accepted, without effect',
    '',
    'Properties Apache Kafka 4.3 has and this broker does not act on: a configuration that names',
    'them starts, with a warning each.',
    '',
    '| Name | Type | Default | About |',
    '|--|--|--|--|',
    ...ignored.map(
      ([name, property]) =>
        `| \`${name}\` | ${property.kind} | ${defaultText(property)} | ${property.doc} |`,
    ),
    '',
  ].join('\n')
}

function brokerRow(name: string, property: Property<unknown>): string {
  const change = property.update === 'read-only' ? 'restart' : 'at once'
  const row = [`\`${name}\``, typeText(property), defaultText(property), change, property.doc]
  return `| ${row.join(' | ')} |`
}

function topicRow(name: string, property: Property<unknown>): string {
  const synonyms = brokerSynonyms[name as TopicPropertyName].map(synonym => `\`${synonym.name}\``)
  const row = [
    `\`${name}\``,
    typeText(property),
    defaultText(property),
    synonyms.join(', '),
    documentation(property),
  ]
  return `| ${row.join(' | ')} |`
}

function typeText({ kind, unit, oneOf, min, max }: Property<unknown>): string {
  const limits = [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
    ...(oneOf === undefined ? [] : [`one of ${oneOf.join(', ')}`]),
  ]
  return [unit === undefined ? kind : `${kind}, ${unit}`, ...limits].join('; ')
}

function defaultText({ defaultText: text }: Property<unknown>): string {
  if (text === null) return 'unset'
  return text === '' ? 'empty' : `\`${text}\``
}
