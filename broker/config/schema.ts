import {
  fetchProperties,
  groupProperties,
  logProperties,
  serverProperties,
  topicCreationProperties,
} from './broker-properties.ts'
import { ignoredProperties } from './ignored-properties.ts'
import type { Property } from './property.ts'
import { topicProperties } from './topic-properties.ts'

/** The broker properties this broker acts on. */
export const actingProperties = {
  ...serverProperties,
  ...topicCreationProperties,
  ...logProperties,
  ...fetchProperties,
  ...groupProperties,
} as const

type Acting = typeof actingProperties
export type BrokerPropertyName = keyof Acting
/** What code reads for a property: `number` for an int, `string | null` for an optional string. */
export type BrokerPropertyValue<N extends BrokerPropertyName> =
  Acting[N] extends Property<infer T> ? T : never

/** Every broker property, acted on or not, by Kafka's name, ascending. */
export function brokerProperties(): ReadonlyMap<string, Property<unknown>> {
  return BROKER.properties()
}

/** Every topic property by name. */
export const TOPIC_PROPERTIES: ReadonlyMap<string, Property<unknown>> = new Map(
  Object.entries(topicProperties),
)

class Catalogue {
  #properties: ReadonlyMap<string, Property<unknown>> | null = null

  /** Put together when first asked for: a start without a configuration never needs it. */
  properties(): ReadonlyMap<string, Property<unknown>> {
    if (this.#properties === null) {
      const all: [string, Property<unknown>][] = [
        ...Object.entries(actingProperties),
        ...ignoredProperties(),
      ]
      this.#properties = new Map(all.sort(([a], [b]) => (a < b ? -1 : 1)))
    }
    return this.#properties
  }
}

const BROKER = new Catalogue()

/** The default of a property this broker acts on. */
export function brokerDefault<N extends BrokerPropertyName>(name: N): BrokerPropertyValue<N> {
  return actingProperties[name].defaultValue as BrokerPropertyValue<N>
}
