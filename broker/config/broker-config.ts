import type { PropertyValue } from './property.ts'
import {
  actingProperties,
  type BrokerPropertyName,
  type BrokerPropertyValue,
  brokerProperty,
  withoutListener,
} from './schema.ts'

/** Kafka's numbers for where a value comes from; a higher line of this list wins. */
export const ConfigSource = {
  DYNAMIC_TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  BROKER_LOGGER: 6,
  CLIENT_METRICS: 7,
  GROUP: 8,
} as const
export type ConfigSource = (typeof ConfigSource)[keyof typeof ConfigSource]

/** A value in its normal form, the property that has it, and where it was set. */
export interface SourcedText {
  readonly name: string
  readonly text: string
  readonly source: ConfigSource
}

/** Properties that set one thing, each in a unit of its own; the first that is set wins. */
const CHAINS: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
]

function chainOf(name: string): readonly string[] {
  if (name === 'log.flush.interval.ms') return [name, 'log.flush.scheduler.interval.ms']
  const chain = CHAINS.find(names => names.includes(name))
  if (chain !== undefined) return chain
  const base = withoutListener(name)
  return base === name ? [name] : [name, base]
}

type Texts = ReadonlyMap<string, string>

const NOTHING: Texts = new Map()

/**
 * BrokerConfig: what every broker property is worth at this moment.
 *
 * Invariants:
 *   (1) A value is the first of: this broker's dynamic override, the cluster-wide one, the start-up
 *       file, environment and flags, the default.
 *   (2) Every text held parses: start-up refused others, and an override that does not parse (a
 *       later version wrote it) is passed over.
 *   (3) `get` costs one map lookup; hot paths still keep what they read and listen for changes.
 */
export class BrokerConfig {
  #static: Texts
  #ofBroker: Texts = NOTHING
  #ofCluster: Texts = NOTHING
  readonly #values = new Map<string, PropertyValue>()
  readonly #listeners = new Set<() => void>()

  /** `texts` are validated already (load.ts). */
  constructor(texts: Texts = NOTHING) {
    this.#static = texts
  }

  /** The value of a property this broker acts on. */
  get<N extends BrokerPropertyName>(name: N): BrokerPropertyValue<N> {
    let value = this.#values.get(name)
    if (value === undefined) {
      value = this.value(name)
      this.#values.set(name, value)
    }
    return value as BrokerPropertyValue<N>
  }

  /** The value of any broker property; null when unset or unknown. */
  value(name: string): PropertyValue {
    const property = propertyOf(name)
    if (property === undefined) return null
    for (const texts of [this.#ofBroker, this.#ofCluster, this.#static]) {
      const text = texts.get(name)
      const parsed = text === undefined ? null : property.parse(text)
      if (parsed?.ok) return parsed.value
    }
    return property.defaultValue
  }

  /** Tells the broker's own number, which a fresh folder or an old one gave it. */
  identify(nodeId: number): void {
    const id = String(nodeId)
    this.#static = new Map([...this.#static, ['node.id', id], ['broker.id', id]])
    this.#values.clear()
  }

  /**
   * Every place that gives a value to the property or to a synonym of it, in Kafka's order: what
   * is set for this broker, for all brokers, in the file, and the defaults. Each value stands under
   * the name and in the unit in which it was given.
   */
  synonyms(name: string): SourcedText[] {
    const chain = chainOf(name)
    const found: SourcedText[] = []
    const layers: [Texts, ConfigSource][] = [
      [this.#ofBroker, ConfigSource.DYNAMIC_BROKER],
      [this.#ofCluster, ConfigSource.DYNAMIC_DEFAULT_BROKER],
      [this.#static, ConfigSource.STATIC_BROKER],
    ]
    for (const [texts, source] of layers) {
      for (const one of chain) {
        const text = texts.get(one)
        if (text !== undefined) found.push({ name: one, text: normalForm(one, text), source })
      }
    }
    for (const one of chain) {
      const text = one === withoutListener(one) ? (brokerProperty(one)?.defaultText ?? null) : null
      if (text !== null) found.push({ name: one, text, source: ConfigSource.DEFAULT })
    }
    return found
  }

  /** The names that are set anywhere, whether or not they are properties of the catalogue. */
  setNames(): Iterable<string> {
    return new Set([...this.#ofBroker.keys(), ...this.#ofCluster.keys(), ...this.#static.keys()])
  }

  /** Whether the property was set anywhere: differs from asking whether it has its default. */
  isSet(name: string): boolean {
    return this.#ofBroker.has(name) || this.#ofCluster.has(name) || this.#static.has(name)
  }

  /** The dynamic overrides as they are from here on. Listeners run before it returns. */
  applyDynamic(ofCluster: Texts, ofBroker: Texts): void {
    if (ofCluster === this.#ofCluster && ofBroker === this.#ofBroker) return
    this.#ofCluster = ofCluster
    this.#ofBroker = ofBroker
    this.#values.clear()
    for (const listener of this.#listeners) listener()
  }

  /** Runs after each change of the dynamic overrides. Returns the way to stop it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The overrides of a kind as they are kept: for alterations to start from. */
  overrides(kind: 'broker' | 'cluster'): Texts {
    return kind === 'broker' ? this.#ofBroker : this.#ofCluster
  }
}

function propertyOf(name: string) {
  if (Object.hasOwn(actingProperties, name)) return actingProperties[name as BrokerPropertyName]
  return brokerProperty(name)
}

function normalForm(name: string, text: string): string {
  return brokerProperty(name)?.normalForm(text) ?? text
}
