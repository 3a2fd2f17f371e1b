import { BrokerConfig } from './broker-config.ts'
import { didYouMean } from './did-you-mean.ts'
import { parseProperties } from './properties-file.ts'
import { brokerProperties } from './schema.ts'
import { brokerSynonyms } from './topic-properties.ts'

export interface ConfigSources {
  /** Text of a server.properties file. */
  readonly file?: { readonly path: string; readonly text: string } | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `name=value`, as `--override` gives them, or pairs. Win over everything else. */
  readonly overrides?: readonly string[] | Readonly<Record<string, string | number | boolean>>
}

export interface LoadedConfig {
  readonly config: BrokerConfig
  /** One sentence each: unknown names, and names that are known but not acted on. */
  readonly warnings: readonly string[]
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

/** File, then environment, then overrides; the last to name a property wins. Throws ConfigError. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const known = brokerProperties()
  const texts = new Map<string, string>()
  const warnings = new Map<string, string>()
  const problems: string[] = []
  for (const { name, text, where } of settings(sources)) {
    const property = known.get(name)
    if (property === undefined) {
      const sentence = `${where}: ${unknownName(name)}`
      // Somebody typed an override just now. A file may be another broker's as well.
      if (where === OVERRIDE) problems.push(sentence)
      else warnings.set(name, sentence)
      continue
    }
    const parsed = property.parse(text)
    if (!parsed.ok) {
      const shown = property.kind === 'password' ? 'another value' : parsed.reason
      problems.push(`${where}: ${name}: ${shown}`)
      continue
    }
    texts.set(name, parsed.text)
    if (property.accepted === 'ignored') {
      warnings.set(name, `${where}: ${name} is accepted but has no effect`)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { config: new BrokerConfig(texts), warnings: [...warnings.values()] }
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
  if (sources.file !== undefined) {
    const { path, text } = sources.file
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
/** Variables of the command line. */
const OWN_VARIABLES = /^OTTLA_(BOOTSTRAP_SERVER|DEBUG)$/

/**
 * KAFKA_LOG_SEGMENT_BYTES is log.segment.bytes. Two underscores are one, three a dash, as in
 * Kafka's own images. OTTLA_DURABILITY is durability, OTTLA_NATIVE is ottla.native.
 */
function* environmentSettings(env: NonNullable<ConfigSources['env']>): Iterable<Setting> {
  const known = brokerProperties()
  for (const variable of Object.keys(env).sort()) {
    const text = env[variable]
    const match = /^(KAFKA|OTTLA)_(.+)$/.exec(variable)
    if (match === null || text === undefined) continue
    if (SCRIPT_VARIABLES.test(variable) || OWN_VARIABLES.test(variable)) continue
    const plain = (match[2] as string)
      .toLowerCase()
      .replace(/___/g, '-')
      .replace(/__/g, '\0')
      .replace(/_/g, '.')
      .replace(/\0/g, '_')
    const own = `ottla.${plain}`
    const name = match[1] === 'OTTLA' && known.has(own) ? own : plain
    yield { name, text, where: variable }
  }
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
