import type { AlterRefusal, AlterScope } from './alter.ts'
import type { BrokerConfig } from './broker-config.ts'
import { INTERVAL_MS_RANGE } from './client-metrics-properties.ts'
import { inheritedTopicText } from './describe.ts'
import { groupBounds, groupSynonym } from './group-properties.ts'
import { listElements, type Property } from './property.ts'
import {
  brokerProperty,
  CLIENT_METRICS_PROPERTIES,
  GROUP_PROPERTIES,
  TOPIC_PROPERTIES,
  withoutListener,
} from './schema.ts'
import { topicValue } from './topic-config.ts'

/** The rules by which the properties of each kind of resource are altered. */
export interface AlterScopes {
  readonly topic: AlterScope
  /** Of one broker. */
  readonly broker: AlterScope
  /** Of all brokers at once. */
  readonly brokerDefaults: AlterScope
  readonly group: AlterScope
  readonly clientMetrics: AlterScope
}

/** Rules that look at the broker's properties as they are when asked. */
export function alterScopes(config: BrokerConfig): AlterScopes {
  return {
    topic: topicScope(config),
    broker: brokerScope(config, brokerRefusal),
    brokerDefaults: brokerScope(config, brokerDefaultsRefusal),
    group: groupScope(config),
    clientMetrics: CLIENT_METRICS,
  }
}

const NO_FAULT = () => null

function topicScope(config: BrokerConfig): AlterScope {
  return {
    noun: 'topic',
    property: name => TOPIC_PROPERTIES.get(name),
    inherited: name => inheritedTopicText(config, name),
    changesLists: true,
    unknownName: 'invalid-config',
    badValue: 'invalid-config',
    refusal: NO_FAULT,
    contradiction(overrides) {
      const min = topicValue(config, overrides, 'min.compaction.lag.ms')
      const max = topicValue(config, overrides, 'max.compaction.lag.ms')
      if (min <= max) return null
      const message =
        `conflict topic config setting min.compaction.lag.ms (${min}) > ` +
        `max.compaction.lag.ms (${max})`
      return { kind: 'invalid-config', message }
    },
  }
}

// -------------------------------------------------------------------------------------- brokers

function brokerScope(config: BrokerConfig, refusal: AlterScope['refusal']): AlterScope {
  return {
    noun: 'broker',
    property: brokerProperty,
    inherited: name => config.synonyms(name)[0]?.text ?? '',
    changesLists: true,
    unknownName: 'invalid-request',
    badValue: 'invalid-request',
    refusal,
    contradiction: overrides =>
      groupDefaultFault(config, overrides) ?? unknownFolder(config, overrides),
  }
}

/** What groups have by default lies within the bounds of what they may ask for. */
function groupDefaultFault(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
): AlterRefusal | null {
  const defaults = [...overrides].flatMap(([name, text]): [string, string][] =>
    GROUP_PROPERTIES.has(name.replace('group.', '')) ? [[name.replace('group.', ''), text]] : [],
  )
  const fault = outOfBounds(config, new Map(defaults))
  return fault === null ? null : refused(`group.${fault.message}`)
}

/** Only folders of this broker can be cordoned off. */
function unknownFolder(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
): AlterRefusal | null {
  const folders = config.get('log.dirs') ?? config.get('log.dir')
  const unknown = listElements(overrides.get('cordoned.log.dirs') ?? '').find(
    folder => folder !== '*' && !folders.includes(folder),
  )
  return unknown === undefined ? null : refused(`cordoned.log.dirs: ${unknown} is not in log.dirs`)
}

function brokerRefusal(
  name: string,
  property: Property<unknown>,
  text: string,
): AlterRefusal | null {
  const isOfListener = withoutListener(name) !== name
  if (!isOfListener && property.update === 'read-only') {
    return refused(`Cannot update these configs dynamically: ${name}`)
  }
  if (!isOfListener && OF_LISTENERS.test(name)) {
    return refused(`${name} can only be updated for one listener: listener.name.LISTENER.${name}`)
  }
  const isClass = property.kind === 'class' || name === 'metric.reporters'
  if (text === '0' && CONNECTIONS.test(name)) {
    return refused(`${name}: nobody could connect any more, nor change this again`)
  }
  const isNone = text === '' && property.kind === 'list'
  if (isClass && !isNone && text !== property.defaultText) {
    return refused(`${name}: ${text} is a Java class, which this broker cannot load`)
  }
  return null
}

const CONNECTIONS = /(^|\.)max\.connection(s|s\.per\.ip|\.creation\.rate)$/
/** Kafka's DYNAMIC_SECURITY_CONFIGS. */
const OF_LISTENERS =
  /^ssl\.(keystore\.(type|location|password|key|certificate\.chain)|key\.password|truststore\.)/
/** What may be set of a listener for all brokers at once. */
const OF_ALL_LISTENERS: readonly string[] = [
  'max.connections',
  'max.connection.creation.rate',
  'num.network.threads',
]

function brokerDefaultsRefusal(
  name: string,
  property: Property<unknown>,
  text: string,
): AlterRefusal | null {
  const base = withoutListener(name)
  const isOfOne =
    base === name ? property.update === 'per-broker' : !OF_ALL_LISTENERS.includes(base)
  return (
    brokerRefusal(name, property, text) ??
    (isOfOne ? refused(`${name} cannot be updated for all brokers: name a broker`) : null)
  )
}

function refused(message: string): AlterRefusal {
  return { kind: 'invalid-request', message }
}

// ------------------------------------------------------------------------ groups, client metrics

function groupScope(config: BrokerConfig): AlterScope {
  return {
    noun: 'group',
    property: name => GROUP_PROPERTIES.get(name),
    inherited: () => '',
    changesLists: false,
    unknownName: 'invalid-config',
    badValue: 'invalid-config',
    refusal: NO_FAULT,
    contradiction: overrides => outOfBounds(config, overrides) ?? tooSlow(config, overrides),
  }
}

/** The broker bounds what a group may ask for (group.consumer.min.session.timeout.ms and such). */
function outOfBounds(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
): AlterRefusal | null {
  for (const [name, text] of overrides) {
    const [min, max] = groupBounds(name)
    const low = config.value(min)
    const high = config.value(max)
    if (low !== null && Number(text) < Number(low)) {
      return { kind: 'invalid-config', message: `${name} must be at least ${min} (${low})` }
    }
    if (high !== null && Number(text) > Number(high)) {
      return { kind: 'invalid-config', message: `${name} must be at most ${max} (${high})` }
    }
  }
  return null
}

/** A member must send more than one heartbeat in a session. */
function tooSlow(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
): AlterRefusal | null {
  const value = (name: string) =>
    Number(overrides.get(name) ?? config.value(groupSynonym(name) ?? name))
  for (const type of ['consumer', 'share', 'streams']) {
    const session = `${type}.session.timeout.ms`
    const heartbeat = `${type}.heartbeat.interval.ms`
    if (value(session) > value(heartbeat)) continue
    return { kind: 'invalid-config', message: `${session} must be greater than ${heartbeat}` }
  }
  return null
}

const CLIENT_METRICS: AlterScope = {
  noun: 'client metrics',
  property: name => CLIENT_METRICS_PROPERTIES.get(name),
  inherited: () => '',
  // Kafka 4.3 does not know the types of these properties when a list is changed.
  changesLists: false,
  unknownName: 'invalid-request',
  badValue: 'invalid-config',
  refusal: NO_FAULT,
  contradiction(overrides) {
    const interval = overrides.get('interval.ms')
    const { min, max } = INTERVAL_MS_RANGE
    if (interval === undefined || (Number(interval) >= min && Number(interval) <= max)) return null
    const message = `Invalid value ${interval} for interval.ms: it must be ${min} to ${max}`
    return { kind: 'invalid-request', message }
  },
}
