/**
 * Writes the pages of `docs/` that are derived from the sources: what is served, and every setting.
 * `npm run docs` after changing either; a test fails while they differ.
 */
import { writeFileSync } from 'node:fs'
import { servedApis } from '../broker/api/index.ts'
import { DANGERS, type Danger, dangerOf } from '../broker/config/dangers.ts'
import type { Property } from '../broker/config/property.ts'
import { actingProperties, brokerProperties, TOPIC_PROPERTIES } from '../broker/config/schema.ts'
import { LOG_LEVELS } from '../host/log-levels.ts'
import { messages } from '../protocol/messages/index.ts'
import { CONFIG_DIFFERENCES } from './config-differences.ts'
import { differences } from './differences.ts'

const MADE = '<!-- Made by scripts/docs.ts: edit the sources and run `npm run docs`. -->'

/** The derived pages: path from the root, and text. */
export function derivedPages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/configuration.md', configurationPage()],
    ['docs/compatibility.md', compatibilityPage()],
  ])
}

type Named = [name: string, property: Property<unknown>]

function configurationPage(): string {
  const broker = [...brokerProperties()].filter(([name]) => Object.hasOwn(actingProperties, name))
  const topic = [...TOPIC_PROPERTIES].sort(byName)
  const inert = [...brokerProperties()].filter(([, property]) => property.accepted === 'ignored')
  return lines(
    '# Settings',
    MADE,
    '',
    "Names, values and defaults are Kafka's where Kafka has the setting. They are read from the",
    'properties files that `OTTLA_CONFIG_PATH` names (separated by colons; those that are there),',
    'then from the file on the command line, then from the environment, then from',
    '`--override name=value`; the last to name a setting wins. `KAFKA_LOG_SEGMENT_BYTES` and',
    '`KAFKA_CFG_LOG_SEGMENT_BYTES` are `log.segment.bytes`; two underscores stand for one, three',
    'for a dash; `OTTLA_NATIVE` is `ottla.native`; `CLUSTER_ID` is `ottla.cluster.id`. A value',
    'that cannot be is refused at start, and a name that is unknown is warned about. What becomes',
    'of names that are known and without effect stands [below](#accepted-without-effect).',
    '',
    '`LOG_LEVEL` in the environment is the least severe level of the log lines on standard error:',
    `${LOG_LEVELS.map(level => `\`${level}\``).join(', ')}. Default: \`info\`. The level can be`,
    'changed while the broker runs, for all loggers or for one, as in Kafka',
    '(`kafka-configs.sh --entity-type broker-loggers`).',
    '',
    '## Of the broker',
    '',
    'Dynamic: may be changed while the broker runs (AlterConfigs), for one broker or for all.',
    '',
    ...table(broker.filter(acts), ([, property]) => dynamicText(property)),
    '',
    '## Of a topic',
    '',
    'Set when a topic is created (`ottla topics create --config name=value`) or altered, at any',
    'time. What a topic leaves unset comes from the broker.',
    '',
    ...table(topic.filter(acts)),
    '',
    '## Accepted, without effect',
    '',
    'Kafka has the settings below; Ottla reads and reports them, and does not act on them.',
    'Where such a setting asks for what would protect clients or records, the start is refused or',
    'a warning says what is endangered, unless the value is the default of Kafka:',
    '',
    '| setting | the broker | because |',
    '| --- | --- | --- |',
    ...DANGERS.map(dangerRow),
    '',
    'All others have no effect and no danger; one line of the log names those that are set.',
    '',
    `Broker: ${codeList(inert)}.`,
    '',
    `Topic: ${codeList(topic.filter(one => !acts(one)))}.`,
  )
}

/** Families of more names than this are told by their pattern. */
const NAMES_TOLD_MAX = 12

function dangerRow(danger: Danger): string {
  const names = [...brokerProperties().keys()].filter(name => dangerOf(name) === danger)
  const told = names.length > NAMES_TOLD_MAX ? families(names) : names
  const code = told.map(name => `\`${name}\``).join(', ')
  const verdict = danger.verdict === 'refused' ? 'does not start' : 'warns'
  return `| ${code} | ${verdict} | ${danger.sentence} |`
}

/** `ssl.*` for all names that begin so. */
function families(names: readonly string[]): string[] {
  const counts = Map.groupBy(names, name => name.split('.')[0] as string)
  return [...counts].map(([family, members]) =>
    members.length === 1 ? (members[0] as string) : `${family}.*`,
  )
}

function acts([, property]: Named): boolean {
  return property.accepted === 'acts'
}

function byName([a]: Named, [b]: Named): number {
  return a < b ? -1 : 1
}

function codeList(named: readonly Named[]): string {
  return named.map(([name]) => `\`${name}\``).join(', ')
}

function table(named: readonly Named[], dynamic?: (one: Named) => string): string[] {
  const headings = ['setting', 'default', ...(dynamic ? ['dynamic'] : []), 'what it does']
  const rows = named.map(one => {
    const [name, property] = one
    const known = property.oneOf === undefined ? '' : ` One of ${property.oneOf.join(', ')}.`
    const unit = property.unit === undefined ? '' : ` (${property.unit})`
    const text = `${property.doc}${known}`
    const cells = [`\`${name}\`${unit}`, defaultText(property)]
    return [...cells, ...(dynamic ? [dynamic(one)] : []), text]
  })
  return [headings, headings.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`)
}

function defaultText({ defaultText }: Property<unknown>): string {
  if (defaultText === null) return 'unset'
  if (defaultText === '9223372036854775807') return 'no limit'
  return defaultText === '' ? 'empty' : `\`${defaultText}\``
}

function dynamicText({ update }: Property<unknown>): string {
  if (update === 'read-only') return ''
  return update === 'per-broker' ? 'one broker' : 'yes'
}

/** Record batches that Kafka takes and this broker refuses, and why. */
const STRICTER = [
  [
    'offset deltas that descend or leave the batch, not compressed',
    'a consumer would go backwards, or meet the offsets of the next batch',
  ],
  ['a key or value length below -1', 'Java reads such a length as null, librdkafka as damage'],
  ['a compressed record that is not as long as it says', 'no consumer can read the record'],
  ['a wrong content size or content checksum in an lz4 frame', 'librdkafka checks them'],
  ['a zstd frame that is cut, behind the last record', 'librdkafka checks the frame'],
  ['a transaction and no producer id', 'the transaction could never end'],
  ['more than `ottla.expanded.batch.max.bytes` expanded', 'memory is bounded'],
] as const

function compatibilityPage(): string {
  const served = [...servedApis].sort((a, b) => a.key - b.key)
  const keys = new Set(served.map(({ key }) => key))
  const absent = [...messages]
    .filter(([key, { listed }]) => listed !== null && !keys.has(key))
    .sort(([a], [b]) => a - b)
    .map(([key, { request }]) => `${request.name.replace(/Request$/, '')} (${key})`)
  const rows = served.map(({ key, name, listed, versions }) => {
    const kafka = messages.get(key)?.listed
    const differs = listed.min !== versions.min ? ` (answered: ${range(versions)})` : ''
    return `| ${key} | ${name} | ${range(listed)}${differs} | ${kafka ? range(kafka) : ''} |`
  })
  return lines(
    '# What is served',
    MADE,
    '',
    'The requests this broker lists to clients (ApiVersions), and what Apache Kafka 4.3 lists.',
    'Older requests than these are answered with UNSUPPORTED_VERSION, as Kafka does.',
    '',
    '| key | request | versions | Kafka 4.3 |',
    '| ---: | --- | --- | --- |',
    ...rows,
    '',
    '## Not served',
    '',
    'Kafka 4.3 lists these; this broker does not, so that clients know it before they ask:',
    `${absent.join(', ')}.`,
    '',
    '## Where answers differ from those of Kafka 4.3',
    '',
    ...differences,
    '',
    '## Configs',
    '',
    'Every config of every kind is asked of Apache Kafka 4.3 and of this broker by',
    '`tests/compat/configs-differential.test.ts`. What differs, differs on purpose:',
    '',
    ...CONFIG_DIFFERENCES.map(({ what }) => `- ${what}`),
    '',
    '## Clients',
    '',
    'Held against the broker by `tests/compat`, with every codec they have, headers, null keys and',
    'values and records of a megabyte: kafkajs 2.2, @platformatic/kafka 1.35, kcat 1.7 (librdkafka',
    "2), Apache Kafka's console producer and consumer 4.3, and this package's own client.",
    'The client and the command line are held against Apache Kafka 4.3 as well.',
    '',
    '## Record batches',
    '',
    'What is taken of a batch, its records and its compressed frames is what Apache Kafka 4.3.0',
    'takes (`tests/compat/records-differential.test.ts` asks both). Stricter on purpose, because a',
    'consumer would stumble over what Kafka lets in:',
    '',
    '| a batch with | is refused, because |',
    '| --- | --- |',
    ...STRICTER.map(([what, why]) => `| ${what} | ${why} |`),
    '',
    'Where a batch has two faults, or compressed bytes end too early, both refuse the batch, and',
    'the error may be INVALID_RECORD here and UNKNOWN_SERVER_ERROR there, or the other way round.',
  )
}

function range({ min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? String(min) : `${min}–${max}`
}

function lines(...each: string[]): string {
  return `${each.join('\n')}\n`
}

if (import.meta.main) {
  for (const [path, text] of derivedPages()) {
    writeFileSync(new URL(`../${path}`, import.meta.url), text)
    console.log(`${path} is written`)
  }
}
