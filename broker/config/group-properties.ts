import { boolean, choice, int, type Property, string } from './property.ts'

const IGNORED = { accepted: 'ignored' } as const
const CONSUMER = { ...IGNORED, doc: 'The consumer group protocol of KIP-848.' }
const SHARE = { ...IGNORED, doc: 'Share groups (KIP-932).' }
const STREAMS = { ...IGNORED, doc: 'Streams groups (KIP-1071).' }
const MS = { unit: 'ms' } as const

/** Properties a group may have of its own. */
export const groupOwnProperties = {
  'consumer.assignment.interval.ms': int('1000', { min: 0, ...MS, ...CONSUMER }),
  'consumer.heartbeat.interval.ms': int('5000', { min: 1, ...MS, ...CONSUMER }),
  'consumer.session.timeout.ms': int('45000', { min: 1, ...MS, ...CONSUMER }),
  'share.assignment.interval.ms': int('1000', { min: 0, ...MS, ...SHARE }),
  'share.auto.offset.reset': string('latest', { check: offsetResetFault, ...SHARE }),
  'share.delivery.count.limit': int('5', { min: 2, ...SHARE }),
  'share.heartbeat.interval.ms': int('5000', { min: 1, ...MS, ...SHARE }),
  'share.isolation.level': choice(
    'read_uncommitted',
    ['read_committed', 'read_uncommitted'],
    SHARE,
  ),
  'share.partition.max.record.locks': int('2000', { min: 100, ...SHARE }),
  'share.record.lock.duration.ms': int('30000', { min: 1000, ...MS, ...SHARE }),
  'share.renew.acknowledge.enable': boolean('true', SHARE),
  'share.session.timeout.ms': int('45000', { min: 1, ...MS, ...SHARE }),
  'streams.assignment.interval.ms': int('1000', { min: 0, ...MS, ...STREAMS }),
  'streams.heartbeat.interval.ms': int('5000', { min: 1, ...MS, ...STREAMS }),
  'streams.initial.rebalance.delay.ms': int('3000', { min: 0, ...MS, ...STREAMS }),
  'streams.num.standby.replicas': int('0', { min: 0, ...STREAMS }),
  'streams.session.timeout.ms': int('45000', { min: 1, ...MS, ...STREAMS }),
} as const

/** Those whose default is no broker property. */
const OWN_DEFAULTS: readonly string[] = [
  'share.auto.offset.reset',
  'share.isolation.level',
  'share.renew.acknowledge.enable',
]

/** The broker property that gives a group property its default, or null. */
export function groupSynonym(name: string): string | null {
  return OWN_DEFAULTS.includes(name) ? null : `group.${name}`
}

/** The broker properties between which a group property must lie, where the broker bounds it. */
export function groupBounds(name: string): readonly [min: string, max: string] {
  const [type = '', ...rest] = name.split('.')
  // streams.num.standby.replicas is bounded by group.streams.max.standby.replicas.
  const noun = rest[0] === 'num' ? rest.slice(1) : rest
  return [`group.${type}.min.${noun.join('.')}`, `group.${type}.max.${noun.join('.')}`]
}

/** latest, earliest, or by_duration: and an ISO 8601 duration that is not negative. */
function offsetResetFault(value: Property<unknown>['defaultValue']): string | null {
  const duration = /^by_duration:P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d{0,9})?S)?)?$/i
  const text = String(value)
  return text === 'latest' || text === 'earliest' || duration.test(text)
    ? null
    : 'earliest, latest or by_duration:PnDTnHnMn.nS'
}
