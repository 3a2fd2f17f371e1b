import { type BrokerConfig, ConfigSource } from './broker-config.ts'
import type { Property, PropertyKind } from './property.ts'
import { brokerProperties, TOPIC_PROPERTIES } from './schema.ts'
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
  /** Null when unset, or secret. */
  readonly value: string | null
  readonly isReadOnly: boolean
  readonly isDefault: boolean
  readonly source: ConfigSource
  readonly isSensitive: boolean
  /** Every place that gives it a value, the winning one first. */
  readonly synonyms: readonly DescribedSynonym[]
  readonly type: number
  readonly documentation: string
}

export interface DescribedSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource
}

/** A topic's properties; `names` null for all. Unknown names are left out. */
export function describeTopic(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
  names: readonly string[] | null,
): DescribedConfig[] {
  return chosen(TOPIC_PROPERTIES, names).map(([name, property]) => {
    const own = overrides.get(name)
    const synonyms = [
      ...(own === undefined
        ? []
        : [{ name, value: own, source: ConfigSource.DYNAMIC_TOPIC as ConfigSource }]),
      ...inheritedSynonyms(config, name as TopicPropertyName),
    ]
    const fallback = { name, value: property.defaultText, source: ConfigSource.DEFAULT }
    return described(name, property, synonyms, synonyms[0] ?? fallback, false)
  })
}

/** What a topic has from its broker, in the topic's own unit, when it has nothing of its own. */
export function inheritedTopicText(config: BrokerConfig, name: string): string {
  if (!TOPIC_PROPERTIES.has(name)) return ''
  const first = inheritedSynonyms(config, name as TopicPropertyName)[0]
  return first?.value ?? TOPIC_PROPERTIES.get(name)?.defaultText ?? ''
}

function inheritedSynonyms(config: BrokerConfig, name: TopicPropertyName): DescribedSynonym[] {
  const set: DescribedSynonym[] = []
  const defaults: DescribedSynonym[] = []
  for (const synonym of brokerSynonyms[name]) {
    for (const { text, source } of config.synonyms(synonym.name)) {
      const value = scaled(text, synonym.factor)
      const found = { name: synonym.name, value, source }
      if (source === ConfigSource.DEFAULT) defaults.push(found)
      else set.push(found)
    }
  }
  // A value somebody set wins over the default of a more specific synonym.
  return [...set, ...defaults]
}

function scaled(text: string | null, factor: number): string | null {
  if (text === null || factor === 1) return text
  const value = Number(text)
  return String(value > 0 ? value * factor : value)
}

/** A broker's properties; `names` null for all that are known. Unknown names are left out. */
export function describeBroker(
  config: BrokerConfig,
  names: readonly string[] | null,
): DescribedConfig[] {
  return chosen(brokerProperties(), names).map(([name, property]) => {
    const synonyms = config.synonyms(name).map(({ text, source }) => ({
      name,
      value: text,
      source,
    }))
    const fallback = { name, value: property.defaultText, source: ConfigSource.DEFAULT }
    const isReadOnly = property.update === 'read-only'
    return described(name, property, synonyms, synonyms[0] ?? fallback, isReadOnly)
  })
}

/** The overrides all brokers share, and nothing else: what Kafka tells of the broker ''. */
export function describeBrokerDefaults(
  overrides: ReadonlyMap<string, string>,
  names: readonly string[] | null,
): DescribedConfig[] {
  const source = ConfigSource.DYNAMIC_DEFAULT_BROKER
  return chosen(brokerProperties(), names).flatMap(([name, property]) => {
    const value = overrides.get(name)
    if (value === undefined) return []
    const found = { name, value, source }
    return [described(name, property, [found], found, false)]
  })
}

function described(
  name: string,
  property: Property<unknown>,
  synonyms: readonly DescribedSynonym[],
  winner: DescribedSynonym,
  isReadOnly: boolean,
): DescribedConfig {
  const isSensitive = property.kind === 'password'
  return {
    name,
    value: isSensitive ? null : winner.value,
    isReadOnly,
    isDefault: winner.source === ConfigSource.DEFAULT,
    source: winner.source,
    isSensitive,
    synonyms: isSensitive ? synonyms.map(synonym => ({ ...synonym, value: null })) : synonyms,
    type: ConfigType[property.kind],
    documentation: documentation(property),
  }
}

/** What it does; and, where that is so, that it does nothing here. */
export function documentation(property: Property<unknown>): string {
  return property.accepted === 'ignored'
    ? `${property.doc} Accepted, without effect in this broker.`
    : property.doc
}

function chosen(
  properties: ReadonlyMap<string, Property<unknown>>,
  names: readonly string[] | null,
): [string, Property<unknown>][] {
  if (names === null) return [...properties]
  return [...new Set(names)].flatMap(name => {
    const property = properties.get(name)
    return property === undefined ? [] : [[name, property] as [string, Property<unknown>]]
  })
}
