import { array, bool, int8, int16, int32, message, string, uuid, type ValueOf } from '../schema.ts'

/**
 * GetTelemetrySubscriptions (key 71): which metrics a client should push (KIP-714).
 */
export const GetTelemetrySubscriptionsRequest = message(
  71,
  'GetTelemetrySubscriptionsRequest',
  { versions: '0', flexible: '0+' },
  {
    clientInstanceId: uuid('0+'),
  },
)
export type GetTelemetrySubscriptionsRequest = ValueOf<typeof GetTelemetrySubscriptionsRequest>

export const GetTelemetrySubscriptionsResponse = message(
  71,
  'GetTelemetrySubscriptionsResponse',
  { versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32('0+').default(0),
    errorCode: int16('0+'),
    clientInstanceId: uuid('0+'),
    subscriptionId: int32('0+'),
    acceptedCompressionTypes: array('0+', int8),
    pushIntervalMs: int32('0+'),
    telemetryMaxBytes: int32('0+'),
    deltaTemporality: bool('0+'),
    requestedMetrics: array('0+', string),
  },
)
export type GetTelemetrySubscriptionsResponse = ValueOf<typeof GetTelemetrySubscriptionsResponse>
