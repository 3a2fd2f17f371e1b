import type { PropertyValue } from './property.ts'
import {
  actingProperties,
  type BrokerPropertyName,
  type BrokerPropertyValue,
  brokerProperties,
} from './schema.ts'

/** Kafka's numbers for where a value comes from; a higher line of this list wins. */
export const ConfigSource = {
  DYNAMIC_TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  GROUP: 8,
} as const
export type ConfigSource = (typeof ConfigSource)[keyof typeof ConfigSource]

/** A value as it is written, and where it was written. */
export interface SourcedText {
  readonly text: string | null
  readonly source: ConfigSource
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
  readonly #static: Texts
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

  /** Every place that gives the property a value, winning one first; the default is last. */
  synonyms(name: string): SourcedText[] {
    const found: SourcedText[] = []
    const property = propertyOf(name)
    const layers: [Texts, ConfigSource][] = [
      [this.#ofBroker, ConfigSource.DYNAMIC_BROKER],
      [this.#ofCluster, ConfigSource.DYNAMIC_DEFAULT_BROKER],
      [this.#static, ConfigSource.STATIC_BROKER],
    ]
    for (const [texts, source] of layers) {
      const text = texts.get(name)
      if (text !== undefined) found.push({ text, source })
    }
    if (property !== undefined && property.defaultText !== null) {
      found.push({ text: property.defaultText, source: ConfigSource.DEFAULT })
    }
    return found
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
  return brokerProperties().get(name)
}
