import { listElements, type PropertyValue } from './property.ts'

/*
 * What a single value must be beyond its type and its range. Each function returns null, or what
 * was expected instead, as the end of "expected ...".
 */

/** Kafka's levels of gzip: 1 to 9, or -1 for the default of gzip; 0 is none of them. */
export function gzipLevelFault(value: PropertyValue): string | null {
  const level = Number(value)
  return level === -1 || (level >= 1 && level <= 9) ? null : 'between 1 and 9, or -1'
}

/** Kafka's ids are 22 such characters; people have chosen others. */
export function clusterIdFault(value: PropertyValue): string | null {
  return /^[A-Za-z0-9_-]{1,255}$/.test(String(value)) ? null : 'letters, digits, - and _'
}

/** `*`, or partition:broker for each replica; Kafka lets elements be empty. */
export function throttledReplicasFault(value: PropertyValue): string | null {
  const replicas = value as readonly string[]
  if (replicas.length === 1 && replicas[0] === '*') return null
  return replicas.every(replica => /^(\d+:\d+)?$/.test(replica))
    ? null
    : '* or [partition]:[broker],[partition]:[broker],...'
}

/** There is no tiered storage to enable. */
export function tieredStorageFault(value: PropertyValue): string | null {
  return value === true ? 'false: this broker has no tiered storage' : null
}

/** `host:count` for each address. */
export function connectionOverridesFault(value: PropertyValue): string | null {
  return listElements(String(value)).every(one => /^.+:\d{1,9}$/.test(one))
    ? null
    : 'host:connections,host:connections,...'
}

/** KIP-714: what a client is known by. */
const CLIENT_ATTRIBUTES: readonly string[] = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
]

/** `attribute=regular expression` for each condition by which a subscription picks clients. */
export function clientMatchFault(value: PropertyValue): string | null {
  for (const condition of value as readonly string[]) {
    const [attribute = '', pattern = '', ...rest] = condition.split('=')
    const isKnown = CLIENT_ATTRIBUTES.includes(attribute.trim())
    if (!isKnown || pattern.trim() === '' || rest.length > 0 || !isPattern(pattern)) {
      return 'attribute=regular expression of a client'
    }
  }
  return null
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp
  } catch {
    return false
  }
}
