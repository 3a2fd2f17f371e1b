import { BrokerConfig } from './broker-config.ts'
import { dangerOf, endangered, type GivenSetting, sentenceOf } from './dangers.ts'
import { didYouMean } from './did-you-mean.ts'
import { parseProperties } from './properties-file.ts'
import { brokerProperties, brokerProperty } from './schema.ts'
import { brokerSynonyms } from './topic-properties.ts'

export interface ConfigSources {
  /** Texts of properties files; a later file wins over an earlier one. */
  readonly files?: readonly { readonly path: string; readonly text: string }[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `name=value`, as `--override` gives them, or pairs. Win over everything else. */
  readonly overrides?: readonly string[] | Readonly<Record<string, string | number | boolean>>
}

export interface LoadedConfig {
  readonly config: BrokerConfig
  /** One sentence each: unknown names, and what settings without effect endanger (dangers.ts). */
  readonly warnings: readonly string[]
  /** One sentence that names the settings without effect that endanger nothing; null for none. */
  readonly summary: string | null
}

/** Refuses a start: every bad value at once, a sentence each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

interface Setting {
  readonly name: string
  readonly text: string
  /** Where it was written, for sentences. */
  readonly where: string
}

/**
 * Files, then environment, then overrides; the last to name a property wins. Throws ConfigError.
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const given = new Map<string, GivenSetting>()
  const unknown = new Map<string, string>()
  const problems: string[] = []
  for (const { name, text, where } of settings(sources)) {
    const property = brokerProperty(name)
    if (property === undefined) {
      if (dangerOf(name) !== null) given.set(name, { name, text, where, defaultText: null })
      else if (where === OVERRIDE) problems.push(`${where}: ${unknownName(name)}`)
      // Somebody typed an override just now. A file may be another broker's as well.
      else unknown.set(name, `${where}: ${unknownName(name)}`)
      continue
    }
    const parsed = property.parse(text)
    if (parsed.ok) {
      given.set(name, { name, text: parsed.text, where, defaultText: property.defaultText })
    } else {
      const shown = property.kind === 'password' ? 'another value' : parsed.reason
      problems.push(`${where}: ${name}: ${shown}`)
    }
  }
  const dangers = endangered(given.values())
  for (const one of dangers) {
    if (one.danger.verdict === 'refused') problems.push(sentenceOf(one))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const texts = new Map([...given.values()].map(({ name, text }) => [name, text]))
  const told = new Set(dangers.flatMap(one => one.settings))
  const harmless = [...given.values()].filter(setting => !told.has(setting) && isIgnored(setting))
  return {
    config: new BrokerConfig(texts),
    warnings: [...unknown.values(), ...dangers.map(sentenceOf)],
    summary: harmless.length === 0 ? null : summaryOf(harmless),
  }
}

function isIgnored({ name }: GivenSetting): boolean {
  return brokerProperty(name)?.accepted !== 'acts'
}

function summaryOf(settings: readonly GivenSetting[]): string {
  const names = settings.map(({ name }) => name)
  return `accepted without effect, and without danger: ${names.join(', ')}`
}

/** Where an override was written, for sentences. */
const OVERRIDE = 'override'

function unknownName(name: string): string {
  const synonym = Object.entries(brokerSynonyms).find(([topicName]) => topicName === name)
  const broker = synonym?.[1][0]?.name
  if (broker !== undefined) {
    return `${name} is a property of topics; the property of the broker is ${broker}`
  }
  const suggestion = didYouMean(name, brokerProperties().keys())
  return `${name} is not a property of this broker${suggestion}`
}

function* settings(sources: ConfigSources): Iterable<Setting> {
  for (const { path, text } of sources.files ?? []) {
    for (const { name, value, line } of parseProperties(text)) {
      yield { name, text: value, where: `${path}:${line}` }
    }
  }
  yield* environmentSettings(sources.env ?? {})
  yield* overrideSettings(sources.overrides ?? [])
}

/** Variables of Kafka's start scripts and images: no properties, and no reason to warn. */
const SCRIPT_VARIABLES =
  /^KAFKA_(OPTS|HEAP_OPTS|JVM_.*|GC_.*|JMX_.*|LOG4J_.*|DEBUG|HOME|VERSION|CFG_DIR|CLASSPATH)$/
/** Variables of the command line, and where the start looks for files (start.ts). */
const OWN_VARIABLES = /^OTTLA_(BOOTSTRAP_SERVER|DEBUG|CONFIG_PATH)$/
/** By which names images of Kafka take the id of the cluster. */
const CLUSTER_ID_VARIABLES: readonly string[] = ['KAFKA_KRAFT_CLUSTER_ID', 'CLUSTER_ID']
/** Bitnami's, Apache's and our own prefix; the last to name a property wins. */
const PREFIXES = ['KAFKA_CFG_', 'KAFKA_', 'OTTLA_'] as const

/**
 * KAFKA_LOG_SEGMENT_BYTES is log.segment.bytes, and so is KAFKA_CFG_LOG_SEGMENT_BYTES. Two
 * underscores are one, three a dash, as in images of Kafka. OTTLA_DURABILITY is durability,
 * OTTLA_NATIVE is ottla.native. CLUSTER_ID is ottla.cluster.id.
 */
function* environmentSettings(env: NonNullable<ConfigSources['env']>): Iterable<Setting> {
  for (const variable of CLUSTER_ID_VARIABLES) {
    const text = env[variable]
    if (text) yield { name: 'ottla.cluster.id', text, where: variable }
  }
  const variables = Object.keys(env).sort().filter(isSetting)
  for (const prefix of PREFIXES) {
    for (const variable of variables) {
      if (PREFIXES.find(one => variable.startsWith(one)) !== prefix) continue
      const text = env[variable]
      const name = propertyName(variable.slice(prefix.length), prefix)
      if (name !== '' && text !== undefined) yield { name, text, where: variable }
    }
  }
}

function isSetting(variable: string): boolean {
  if (SCRIPT_VARIABLES.test(variable) || OWN_VARIABLES.test(variable)) return false
  return !CLUSTER_ID_VARIABLES.includes(variable)
}

function propertyName(rest: string, prefix: (typeof PREFIXES)[number]): string {
  const plain = rest
    .toLowerCase()
    .replace(/___/g, '-')
    .replace(/__/g, '\0')
    .replace(/_/g, '.')
    .replace(/\0/g, '_')
  const own = `ottla.${plain}`
  return prefix === 'OTTLA_' && brokerProperties().has(own) ? own : plain
}

function* overrideSettings(overrides: NonNullable<ConfigSources['overrides']>): Iterable<Setting> {
  if (!Array.isArray(overrides)) {
    for (const [name, value] of Object.entries(overrides)) {
      yield { name, text: String(value), where: OVERRIDE }
    }
    return
  }
  for (const override of overrides as readonly string[]) {
    const at = override.indexOf('=')
    if (at < 1) throw new ConfigError([`override: expected name=value, got ${override}`])
    yield { name: override.slice(0, at).trim(), text: override.slice(at + 1), where: OVERRIDE }
  }
}
