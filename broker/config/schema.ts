import { clientMetricsProperties } from './client-metrics-properties.ts'
import { coordinatorProperties } from './coordinator-properties.ts'
import { fetchProperties } from './fetch-properties.ts'
import { groupOwnProperties } from './group-properties.ts'
import { ignoredProperties } from './ignored-properties.ts'
import { logProperties } from './log-properties.ts'
import type { Property } from './property.ts'
import { serverProperties } from './server-properties.ts'
import { topicCreationProperties } from './topic-creation-properties.ts'
import { topicProperties } from './topic-properties.ts'

/** The broker properties this broker acts on. */
export const actingProperties = {
  ...serverProperties,
  ...topicCreationProperties,
  ...logProperties,
  ...fetchProperties,
  ...coordinatorProperties,
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

/** Every property a group may have of its own, by name. */
export const GROUP_PROPERTIES: ReadonlyMap<string, Property<unknown>> = new Map(
  Object.entries(groupOwnProperties),
)

/** Every property of a subscription to metrics of clients, by name. */
export const CLIENT_METRICS_PROPERTIES: ReadonlyMap<string, Property<unknown>> = new Map(
  Object.entries(clientMetricsProperties),
)

/**
 * What a broker property is called without the prefix that restricts it to one listener:
 * `listener.name.external.ssl.key.password` is `ssl.key.password`. Other names are themselves.
 */
export function withoutListener(name: string): string {
  return /^listener\.name\.[^.]+\.(.+)$/.exec(name)?.[1] ?? name
}

/** The declaration of a broker property, also of one listener's; undefined for unknown names. */
export function brokerProperty(name: string): Property<unknown> | undefined {
  const properties = brokerProperties()
  return properties.get(name) ?? properties.get(withoutListener(name))
}

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
