/** Refuses misspelt names of settings before anybody is asked. */
import { didYouMean } from '../../broker/config/did-you-mean.ts'
import {
  brokerProperties,
  GROUP_PROPERTIES,
  TOPIC_PROPERTIES,
  withoutListener,
} from '../../broker/config/schema.ts'
import type { ConfigResource } from '../admin-configs.ts'
import { UsageError } from './failure.ts'

const KNOWN = {
  topic: () => TOPIC_PROPERTIES,
  broker: brokerProperties,
  group: () => GROUP_PROPERTIES,
} as const

/**
 * Throws UsageError for a name that is none of Kafka's 4.3 and nearly is one. Other unknown names
 * pass: the cluster may be another version, and it is the one to refuse them. Brokers take
 * unknown names, and forget names that were never set, without a word.
 */
export function refuseMisspelt(kind: ConfigResource['type'], names: Iterable<string>): void {
  const known = KNOWN[kind]()
  for (const name of names) {
    if (known.has(name) || known.has(withoutListener(name))) continue
    const suggestion = didYouMean(name, known.keys())
    if (suggestion !== '') throw new UsageError(`A ${kind} has no setting ${name}${suggestion}`)
  }
}
