import { type BrokerConfig, ConfigSource } from './broker-config.ts'
import { groupSynonym } from './group-properties.ts'
import type { Property, PropertyKind } from './property.ts'
import {
  brokerProperties,
  brokerProperty,
  CLIENT_METRICS_PROPERTIES,
  GROUP_PROPERTIES,
  TOPIC_PROPERTIES,
  withoutListener,
} from './schema.ts'
import { brokerSynonyms, type TopicPropertyName } from './topic-properties.ts'

/** Kafka's numbers for the types of values (DescribeConfigs 3). */
export const ConfigType: Readonly<Record<PropertyKind, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}

/** One property of a resource, as DescribeConfigs and CreateTopics tell it. */
export interface DescribedConfig {
  readonly name: string
  /** In its normal form. Null when unset, or secret. */
  readonly value: string | null
  readonly isReadOnly: boolean
  readonly source: ConfigSource
  readonly isSensitive: boolean
  /** Every place that gives it a value, the winning one first. */
  readonly synonyms: readonly DescribedSynonym[]
  /** One of ConfigType, or 0 for what has no type. */
  readonly type: number
  readonly documentation: string
}

export interface DescribedSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource
}

type Overrides = ReadonlyMap<string, string>
type Names = readonly string[] | null

/** A topic's properties; `names` null for all. Unknown names are left out. */
export function describeTopic(
  config: BrokerConfig,
  overrides: Overrides,
  names: Names,
): DescribedConfig[] {
  return chosen(TOPIC_PROPERTIES, names).map(([name, property]) =>
    described(name, property, {
      value: ownText(property, overrides.get(name)) ?? inheritedTopicText(config, name),
      synonyms: [
        ...ownSynonym(name, property, overrides, ConfigSource.DYNAMIC_TOPIC),
        ...inheritedSynonyms(config, name as TopicPropertyName),
      ],
    }),
  )
}

/** What a topic has from its broker, in the topic's own unit, when it has nothing of its own. */
export function inheritedTopicText(config: BrokerConfig, name: string): string {
  for (const { name: synonym, factor } of brokerSynonyms[name as TopicPropertyName] ?? []) {
    const set = config.synonyms(synonym).find(found => found.name === synonym)
    if (set === undefined || set.source === ConfigSource.DEFAULT) continue
    return scaled(set.text, factor)
  }
  return TOPIC_PROPERTIES.get(name)?.defaultText ?? ''
}

/**
 * What the broker says of a topic's property. Kafka drops what stands before the first synonym's
 * own name: the hours of log.retention.hours are not told as a default of retention.ms. A value
 * that somebody set is told all the same.
 */
function inheritedSynonyms(config: BrokerConfig, name: TopicPropertyName): DescribedSynonym[] {
  const first = brokerSynonyms[name][0]?.name
  if (first === undefined) return []
  const own = brokerSynonymsOf(config, first)
  if (own.length > 0) return own
  const all = config.synonyms(first).map(toSynonym)
  return all[0] === undefined || all[0].source === ConfigSource.DEFAULT ? [] : all
}

function scaled(text: string, factor: number): string {
  // -1 says "no limit" in every unit.
  const isCount = factor !== 1 && !text.startsWith('-')
  return isCount ? String(BigInt(text) * BigInt(factor)) : text
}

/**
 * A broker's properties; `names` null for all that are known, and those of single listeners that
 * are set. Unknown names are left out.
 */
export function describeBroker(config: BrokerConfig, names: Names): DescribedConfig[] {
  const asked = new Set(names ?? [...brokerProperties().keys(), ...config.setNames()])
  return [...asked].flatMap(name => {
    const property = brokerProperty(name)
    if (property === undefined || property.isUntold) return []
    const synonyms = brokerSynonymsOf(config, name)
    const isSet = synonyms.some(({ source }) => source !== ConfigSource.DEFAULT)
    const isOfListener = withoutListener(name) !== name
    if ((property.toldWhenSet || isOfListener) && !isSet) return []
    const isReadOnly = property.update === 'read-only' || isOfListener
    const value = synonyms[0]?.value ?? property.defaultText
    return [described(name, property, { value, synonyms, isReadOnly })]
  })
}

/** What gives a broker property its value: from the first place that names the property itself. */
function brokerSynonymsOf(config: BrokerConfig, name: string): DescribedSynonym[] {
  const all = config.synonyms(name)
  const first = all.findIndex(synonym => synonym.name === name)
  return first < 0 ? [] : all.slice(first).map(toSynonym)
}

function toSynonym(found: {
  readonly name: string
  readonly text: string
  readonly source: ConfigSource
}): DescribedSynonym {
  return { name: found.name, value: found.text, source: found.source }
}

/** The overrides all brokers share, and nothing else: what Kafka tells of the broker ''. */
export function describeBrokerDefaults(overrides: Overrides, names: Names): DescribedConfig[] {
  const source = ConfigSource.DYNAMIC_DEFAULT_BROKER
  return [...overrides].flatMap(([name]) => {
    const property = brokerProperty(name)
    if (property === undefined || !(names?.includes(name) ?? true)) return []
    const value = ownText(property, overrides.get(name))
    const isReadOnly = property.update === 'read-only' || withoutListener(name) !== name
    return [described(name, property, { value, synonyms: [{ name, value, source }], isReadOnly })]
  })
}

/** A group's properties; what it has not of its own comes from the broker. */
export function describeGroup(
  config: BrokerConfig,
  overrides: Overrides,
  names: Names,
): DescribedConfig[] {
  return chosen(GROUP_PROPERTIES, names).map(([name, property]) => {
    const synonym = groupSynonym(name)
    const inherited =
      synonym === null
        ? [{ name, value: property.defaultText, source: ConfigSource.DEFAULT as ConfigSource }]
        : brokerSynonymsOf(config, synonym)
    const synonyms = [...ownSynonym(name, property, overrides, ConfigSource.GROUP), ...inherited]
    return described(name, property, { value: synonyms[0]?.value ?? null, synonyms })
  })
}

/** The properties of a subscription to metrics of clients, which may not exist. */
export function describeClientMetrics(overrides: Overrides, names: Names): DescribedConfig[] {
  return chosen(CLIENT_METRICS_PROPERTIES, names).map(([name, property]) =>
    described(name, property, {
      value: ownText(property, overrides.get(name)) ?? property.defaultText,
      synonyms: ownSynonym(name, property, overrides, ConfigSource.CLIENT_METRICS),
    }),
  )
}

/** The level of every logger of this broker; `names` null for all. Unknown names are left out. */
export function describeLoggers(
  levels: ReadonlyMap<string, string>,
  names: Names,
): DescribedConfig[] {
  return [...levels].flatMap(([name, value]) => {
    if (!(names?.includes(name) ?? true)) return []
    const source = ConfigSource.BROKER_LOGGER
    const plain = { isReadOnly: false, isSensitive: false, synonyms: [], documentation: '' }
    const told = value === 'silent' ? 'OFF' : value.toUpperCase()
    return [{ name, value: told, source, type: 0, ...plain }]
  })
}

function ownText(property: Property<unknown>, text: string | undefined): string | null {
  return text === undefined ? null : property.normalForm(text)
}

function ownSynonym(
  name: string,
  property: Property<unknown>,
  overrides: Overrides,
  source: ConfigSource,
): DescribedSynonym[] {
  const value = ownText(property, overrides.get(name))
  return value === null ? [] : [{ name, value, source }]
}

interface Told {
  readonly value: string | null
  readonly synonyms: readonly DescribedSynonym[]
  readonly isReadOnly?: boolean
}

function described(
  name: string,
  property: Property<unknown>,
  { value, synonyms, isReadOnly = false }: Told,
): DescribedConfig {
  const isSensitive = property.kind === 'password'
  return {
    name,
    value: isSensitive ? null : value,
    isReadOnly,
    source: synonyms[0]?.source ?? ConfigSource.DEFAULT,
    isSensitive,
    synonyms: isSensitive ? synonyms.map(synonym => ({ ...synonym, value: null })) : synonyms,
    type: ConfigType[property.kind],
    documentation: documentation(property),
  }
}

/** What it does; and, where that is so, that it does nothing here. */
function documentation(property: Property<unknown>): string {
  return property.accepted === 'ignored'
    ? `${property.doc} Accepted, without effect in this broker.`
    : property.doc
}

function chosen(
  properties: ReadonlyMap<string, Property<unknown>>,
  names: Names,
): [string, Property<unknown>][] {
  if (names === null) return [...properties].filter(([, { isUntold }]) => !isUntold)
  return [...new Set(names)].flatMap(name => {
    const property = properties.get(name)
    const isKnown = property !== undefined && !property.isUntold
    return isKnown ? [[name, property] as [string, Property<unknown>]] : []
  })
}
