import { clientMatchFault } from './checks.ts'
import { int, list } from './property.ts'

const IGNORED = { accepted: 'ignored' } as const

/** Properties of a subscription to metrics of clients (KIP-714). */
export const clientMetricsProperties = {
  'interval.ms': int('300000', {
    unit: 'ms',
    ...IGNORED,
    doc: 'How often clients push metrics; 100 to 3600000.',
  }),
  match: list('', {
    check: clientMatchFault,
    ...IGNORED,
    doc: 'The clients that push: attribute=regular expression each.',
  }),
  metrics: list('', { ...IGNORED, doc: 'The metrics that are pushed, by prefix; * for all.' }),
} as const

/** Kafka's bounds of interval.ms, inclusive. */
export const INTERVAL_MS_RANGE = { min: 100, max: 3_600_000 } as const
