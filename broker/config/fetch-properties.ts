import { int } from './property.ts'

/** What bounds fetches. */
export const fetchProperties = {
  'fetch.max.bytes': int('57671680', {
    min: 1024,
    unit: 'bytes',
    doc: 'The most one fetch returns, whatever it asks for.',
  }),
  'max.incremental.fetch.session.cache.slots': int('1000', {
    min: 0,
    doc: 'Incremental fetch sessions kept; the stalest make room for others.',
  }),
} as const
